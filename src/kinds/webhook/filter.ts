import type { WebhookConfig } from '../../../schemas/kinds/webhook.ts'
import { canonicalJson } from '../../canonical-json.ts'
import type { ConfigProblem } from '../../errors.ts'

type Segment = string | number

// RFC 9535, section 2.3.5.1: a singular query. Names with dots or spaces stand in brackets.
const SEGMENT =
  /\.([A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*)|\[(-?(?:0|[1-9]\d{0,8}))\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y

/** Reads a JSONPath that names one place. @returns undefined for anything else. */
export function parsePath(path: string): Segment[] | undefined {
  if (!path.startsWith('$')) return undefined
  const segments: Segment[] = []
  SEGMENT.lastIndex = 1
  while (SEGMENT.lastIndex < path.length) {
    const match = SEGMENT.exec(path)
    if (match === null) return undefined
    const [, name, index, single, double] = match
    segments.push(index === undefined ? (name ?? (single ?? double ?? '').replaceAll(/\\(.)/g, '$1')) : Number(index))
  }
  return segments
}

/** What stands at a place of a JSON value; undefined where there is nothing. */
export function valueAt(value: unknown, segments: readonly Segment[]): unknown {
  return segments.reduce<unknown>((at, segment) => {
    if (typeof segment === 'number') return Array.isArray(at) ? at.at(segment) : undefined
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return undefined
    return Object.getOwnPropertyDescriptor(at, segment)?.value
  }, value)
}

/** Whether a config wants a run for an event. */
export function wants({ event_types, filter = [] }: WebhookConfig, type: string | null, body: unknown): boolean {
  const isType = event_types === undefined || (type !== null && event_types.some((each) => isOfType(each, type)))
  return isType && filter.every(({ path, equals }) => isEqual(valueAt(body, parsePath(path) ?? []), equals))
}

function isOfType(wanted: string, type: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted
}

function isEqual(value: unknown, wanted: unknown): boolean {
  return value === wanted || (value !== undefined && canonicalJson(value) === canonicalJson(wanted))
}

/** The paths of a filter that name no place. */
export function filterProblems({ filter = [] }: WebhookConfig): ConfigProblem[] {
  return filter.flatMap(({ path }, i) =>
    parsePath(path) === undefined
      ? [{ path: `/filter/${i}/path`, message: 'must be a JSONPath of names and indexes, such as $.data.items[0].id' }]
      : [],
  )
}
