import { parseExact } from '../../db/exact-json.ts'
import { SubprocessLost } from '../subprocess.ts'
import { createSubprocessInTurn } from '../subprocess-in-turn.ts'
import { FillError, type Filled, fillIn, mapStrings, type UsableSecrets } from './filling.ts'
import type { Scope } from './scope.ts'
import {
  CODE_READ_AT_ONCE,
  codeLength,
  type Limits,
  learnChecks,
  type ScopeText,
  slowToRead,
  type TemplateCheck,
} from './template.ts'

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

/** Reads and fills in templates so that none of them holds this process. */
export type Renderer = {
  /**
   * Reads those strings of a JSON value that take more than a moment, so that `checkTemplate` knows of them.
   *
   * @param signal gives up waiting for a turn.
   * @throws SubprocessLost; the reason of the signal.
   */
  readAhead(organizationId: string, value: unknown, signal: AbortSignal): Promise<void>
  /**
   * Fills in each string of a JSON value, all within one limit.
   *
   * @param secrets by name, where the templates may use secrets; null shows each as `•••`.
   * @param signal gives up waiting for a turn.
   * @throws FillError; SubprocessLost where it is the process's fault; the reason of the signal.
   */
  render(source: Source, templates: unknown, options: { secrets: UsableSecrets; signal: AbortSignal }): Promise<Filled>
  /**
   * Fills in, for an event, without secrets, what takes a moment and asks for nothing that would have to be read. When its
   * automation ran before needs not be in the scope, whose numbers must all be doubles.
   *
   * @returns undefined for what has to be left to `render`, whatever the reason.
   */
  renderNow(source: Source, templates: unknown): Filled | undefined
  close(): void
}

/** Texts for the other process to read. */
export type ReadTask = { texts: string[] }
/** What it fills in. JSON text, because a number that has more digits than a double loses its nature when it is copied. */
export type FillTask = Pick<ScopeText, 'eventBody'> & { scope: string; templates: string; secrets: UsableSecrets }
export type Task = ReadTask | FillTask
export type FillResult = (Pick<Filled, 'replaced' | 'made'> & { value: string }) | { path: string; message: string }
export type Result = TemplateCheck[] | FillResult

/** What is done within this is done here: another process costs more. */
const HERE: Limits & { code: number; scope: number } = {
  ms: 10,
  units: 500_000,
  code: CODE_READ_AT_ONCE,
  scope: 65_536,
}
/** More than all but its body can be of an event: Node takes 16 KiB of headers. */
const MOST_BESIDE = 32_768
/** For so long an organization tries nothing here after something took longer. */
const SLOW_FOR_MS = 10_000
const TASK_WITHIN_MS = 10_000
/** 25 MiB of small values are read in this, also on a busy machine. */
const LARGE_WITHIN_MS = 30_000
/** What 25 MiB of an event become. */
const HEAP_MIB = 1024

/**
 * Makes what reads and fills in templates. What takes a moment is done here. Of the rest one is worked on at a time, in a process of its
 * own, and organizations come in turn: a hundred hostile templates of one keep nobody else waiting for more than one of them. Those
 * that are about large events have another process, because to read one may take seconds.
 */
export function createRenderer(): Renderer {
  const module = new URL('./render-process.ts', import.meta.url)
  const lane = (name: string, withinMs: number) =>
    createSubprocessInTurn<Task, Result>(module, { name, withinMs, heapMib: HEAP_MIB, tries: 2 })
  const lanes = { small: lane('templates', TASK_WITHIN_MS), large: lane('templates of large events', LARGE_WITHIN_MS) }
  const slow = new Set<string>()

  function isQuick(organizationId: string, code: number): boolean {
    return code <= HERE.code && !slow.has(organizationId)
  }

  function noteSlow(organizationId: string): void {
    slow.add(organizationId)
    setTimeout(() => slow.delete(organizationId), SLOW_FOR_MS).unref()
  }

  /** Undefined for what takes more than a moment. */
  function renderHere(organizationId: string, templates: unknown, scope: ScopeText, secrets: UsableSecrets) {
    const begun = performance.now()
    const filled = fillHere(templates, scope, secrets)
    if (filled !== undefined) return filled
    // On a busy machine others may have had the processor meanwhile. What is tried once more says so.
    const worked = processorTime()
    const wasHeldUp = performance.now() - begun >= HERE.ms
    const again = wasHeldUp ? fillHere(templates, scope, secrets) : undefined
    if (again === undefined && !(wasHeldUp && processorTime() - worked < HERE.ms / 2)) noteSlow(organizationId)
    return again
  }

  return {
    async readAhead(organizationId, value, signal) {
      const texts = slowToRead(stringsOf(value))
      if (texts.length === 0) return
      const checks = (await lanes.small.run(organizationId, async () => ({ texts }), signal)) as TemplateCheck[]
      learnChecks(texts.flatMap((text, i) => (checks[i] ? [[text, checks[i]]] : [])))
    },
    async render(source, templates, { secrets, signal }) {
      const { organizationId, eventBody } = source
      const code = codeLength(stringsOf(templates))
      if (code === 0) return { value: templates, replaced: [], made: [] }
      const scope = JSON.stringify(source.scope)
      if (isSmall(scope.length, eventBody) && isQuick(organizationId, code)) {
        const done = renderHere(organizationId, templates, { scope, eventBody }, secrets)
        if (done !== undefined) return done
      }
      const task = async (): Promise<FillTask> => ({
        templates: JSON.stringify(templates),
        scope,
        eventBody: typeof eventBody === 'function' ? await eventBody() : eventBody,
        secrets,
      })
      const { run } = isSmall(scope.length, eventBody) ? lanes.small : lanes.large
      return readResult((await run(organizationId, task, signal).catch(blameTemplates)) as FillResult)
    },
    renderNow({ organizationId, scope, eventBody }, templates) {
      const code = codeLength(stringsOf(templates))
      if (code === 0) return { value: templates, replaced: [], made: [] }
      if (!isSmall(MOST_BESIDE, eventBody) || !isQuick(organizationId, code)) return undefined
      let isKnown = true
      const onLastRun = () => {
        isKnown = false
      }
      try {
        const filled = renderHere(organizationId, templates, { scope, eventBody, onLastRun }, undefined)
        return isKnown ? filled : undefined
      } catch (error) {
        if (error instanceof FillError) return undefined
        throw error
      }
    },
    close() {
      lanes.small.close()
      lanes.large.close()
    },
  }
}

function fillHere(templates: unknown, scope: ScopeText, secrets: UsableSecrets): Filled | undefined {
  try {
    return fillIn(templates, scope, HERE, secrets)
  } catch (error) {
    if (!(error instanceof FillError && error.isLimit)) throw error
    return undefined
  }
}

/** Milliseconds for which a processor has worked for this thread. */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Whether values, of so many characters, and the body of an event are read in a moment. */
function isSmall(length: number, eventBody: Source['eventBody']): eventBody is string | undefined {
  return typeof eventBody !== 'function' && length + (eventBody?.length ?? 0) <= HERE.scope
}

function blameTemplates(error: unknown): never {
  if (!(error instanceof SubprocessLost) || error.lack === undefined) throw error
  throw new FillError('', `it takes too much ${error.lack}`, { isLimit: true })
}

function readResult(result: FillResult): Filled {
  if ('message' in result) throw new FillError(result.path, result.message, { isLimit: true })
  return { ...result, value: parseExact(result.value) }
}

function stringsOf(value: unknown): string[] {
  const strings: string[] = []
  mapStrings(value, (text) => {
    strings.push(text)
    return text
  })
  return strings
}
