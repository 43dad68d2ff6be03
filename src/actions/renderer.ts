import { parseExact } from '../../db/exact-json.ts'
import { createInTurn } from '../in-turn.ts'
import { createSubprocess, SubprocessLost } from '../subprocess.ts'
import { FillError, type Filled, fillIn, mapStrings, type UsableSecrets, withBody } from './filling.ts'
import type { Scope } from './scope.ts'
import { isTemplate, type Limits } from './template.ts'

/** What the templates of one run, or of one preview, may say. */
export type Source = {
  organizationId: string
  scope: Scope
  /**
   * The body of the event in that scope, as JSON text, where it isn't in there; or what fetches it, where it is too large to be
   * held by everybody who waits for a turn.
   */
  eventBody?: string | (() => Promise<string>)
}

/** Fills in templates so that none of them holds this process. */
export type Renderer = {
  /**
   * Fills in each string of a JSON value, all within one limit.
   *
   * @param secrets by name, where the templates may use secrets; null shows each as `•••`.
   * @param signal gives up waiting for a turn.
   * @throws FillError; SubprocessLost where it is the process's fault; the reason of the signal.
   */
  render(source: Source, templates: unknown, options: { secrets: UsableSecrets; signal: AbortSignal }): Promise<Filled>
  close(): void
}

/** A task of the other process. JSON text, because a number that has more digits than a double loses its nature when it is copied. */
export type Task = {
  templates: string
  scope: string
  eventBody: string | undefined
  secrets: UsableSecrets
}
export type Result = (Pick<Filled, 'replaced' | 'made'> & { value: string }) | { path: string; message: string }

/** What is done within this is done here: another process costs more. */
const HERE: Limits & { templates: number; eventBody: number } = {
  ms: 10,
  units: 500_000,
  nodes: 10_000,
  templates: 10_000,
  eventBody: 65_536,
}
const TASK_WITHIN_MS = 10_000
/** What 25 MiB of an event become, and copies of it. */
const HEAP_MIB = 1024

/**
 * Makes what fills in templates. What takes a moment is done here. Of the rest one is worked on at a time, in a process of its own, and
 * organizations come in turn: a hundred hostile templates of one keep nobody else waiting for more than one of them.
 */
export function createRenderer(): Renderer {
  const inTurn = createInTurn()
  const subprocess = createSubprocess<Task, Result>(new URL('./render-process.ts', import.meta.url), {
    name: 'templates',
    withinMs: TASK_WITHIN_MS,
    heapMib: HEAP_MIB,
  })
  return {
    async render(source, templates, { secrets, signal }) {
      const length = templatesLength(templates)
      if (length === 0) return { value: templates, replaced: [], made: [] }
      const { eventBody, scope } = source
      if (length <= HERE.templates && typeof eventBody !== 'function' && (eventBody?.length ?? 0) <= HERE.eventBody) {
        const done = renderHere(templates, withBody(scope, eventBody), secrets)
        if (done !== undefined) return done
      }
      const task = async () => ({
        templates: JSON.stringify(templates),
        scope: JSON.stringify(scope),
        eventBody: typeof eventBody === 'function' ? await eventBody() : eventBody,
        secrets,
      })
      const work = async () => readResult(await subprocess.run(await task()).catch(blameTemplates))
      return await inTurn(source.organizationId, work, signal)
    },
    close: subprocess.close,
  }
}

/** Undefined for what takes more than a moment. */
function renderHere(templates: unknown, scope: Scope, secrets: UsableSecrets): Filled | undefined {
  try {
    return fillIn(templates, scope, HERE, secrets)
  } catch (error) {
    if (error instanceof FillError && error.isLimit) return undefined
    throw error
  }
}

function blameTemplates(error: unknown): never {
  if (!(error instanceof SubprocessLost) || error.lack === undefined) throw error
  throw new FillError('', `it takes too much ${error.lack}`, { isLimit: true })
}

function readResult(result: Result): Filled {
  if ('message' in result) throw new FillError(result.path, result.message, { isLimit: true })
  return { ...result, value: parseExact(result.value) }
}

/** The characters of all strings that are more than themselves when they are filled in. */
function templatesLength(templates: unknown): number {
  let length = 0
  mapStrings(templates, (text) => {
    if (isTemplate(text)) length += text.length
    return text
  })
  return length
}
