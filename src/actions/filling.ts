import { isExactNumber } from '../../db/exact-json.ts'
import { escapePointer } from '../json-pointer.ts'
import { createFiller, type Limits, type ScopeText, type SecretUse, TemplateError } from './template.ts'

/** A template of several that can't be filled in. `path` is a JSON pointer into them. */
export class FillError extends Error {
  override readonly name = 'FillError'
  readonly path: string
  /** Whether it may be filled in where the limits are wider. */
  readonly isLimit: boolean

  constructor(path: string, message: string, { isLimit }: { isLimit: boolean }) {
    super(message)
    this.path = path
    this.isLimit = isLimit
  }
}

/**
 * What templates became. `replaced` are the places where U+FFFD stands for what can't be stored, and `made` the texts that secrets
 * went into.
 */
export type Filled = { value: unknown; replaced: string[]; made: string[] }

/** Named secrets that templates may use, where they may; null shows each as `•••`. */
export type UsableSecrets = Readonly<Record<string, string>> | null | undefined

/**
 * Fills in each string of a JSON value, within one limit for all of them.
 *
 * @throws FillError of the first that can't be filled in.
 */
export function fillIn(templates: unknown, source: ScopeText, limits: Limits, secrets: UsableSecrets): Filled {
  const use: SecretUse | undefined = secrets === undefined ? undefined : { values: secrets, made: new Set() }
  const fill = createFiller(source, limits, use)
  const replaced: string[] = []
  const value = mapStrings(templates, (template, path) => {
    try {
      const { text, isReplaced } = fill(template)
      if (isReplaced) replaced.push(path)
      return text
    } catch (error) {
      if (error instanceof TemplateError) throw new FillError(path, error.message, error)
      throw error
    }
  })
  return { value, replaced, made: [...(use?.made ?? [])] }
}

/** A JSON value with all its strings (not its keys) changed. @param change is given the JSON pointer of each, too. */
export function mapStrings(value: unknown, change: (text: string, path: string) => string, path = ''): unknown {
  if (typeof value === 'string') return change(value, path)
  if (Array.isArray(value)) return value.map((item, i) => mapStrings(item, change, `${path}/${i}`))
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, item]) => [key, mapStrings(item, change, `${path}/${escapePointer(key)}`)]),
  )
}
