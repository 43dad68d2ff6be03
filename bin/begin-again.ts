import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

/**
 * V8 makes at once in its old space what came from a place whose objects were once seen to live long. Of a server most are gone with
 * their request all the same, and there they hold all that they refer to until the next full collection: with 256 visitors of a
 * tunnel, 3 of 33 MB were copied at each small collection, which took 7 ms instead of 3 (bench/README.md).
 */
const NO_PRETENURING = '--no-allocation-site-pretenuring'
/** MiB. Left alone it grows to 32, of which V8 has two, and keeps them. */
const YOUNG_GENERATION = '--max-semi-space-size=8'
/**
 * Percent of what is held, of which the rest may be garbage before it is collected. Left alone, V8 lets a small heap grow to twice what
 * is held and more, and what was spread over pages by then stays there. It costs no processor time that could be measured.
 */
const OLD_GENERATION = '--heap-growing-percent=40'
/** For `collectWhatStartingLeft`. */
const COLLECT_WHEN_TOLD = '--expose-gc'
/** Beside the program: who may write there may write the program. */
const COMPILED = join(import.meta.dirname, '../node_modules/.cache/compiled')

const SETTINGS = [NO_PRETENURING, YOUNG_GENERATION, OLD_GENERATION, COLLECT_WHEN_TOLD]

/**
 * Has this process begin once more, under the same number, with what V8, Node and the allocator take in at a beginning alone
 * (docs/operations.md, "Memory"). What the operator has set stays as it is. Where a process can't begin again (on Windows, or under a
 * parent that talks to it), it goes on with what can be set later.
 *
 * @returns only where it goes on.
 */
export function beginAgain(env: NodeJS.ProcessEnv): void {
  const given = `${process.execArgv.join(' ')} ${env.NODE_OPTIONS ?? ''}`.replaceAll('_', '-')
  const missing = SETTINGS.filter((flag) => !given.includes(nameOf(flag)))
  if (missing.length > 0 && process.channel === undefined) {
    const args = [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)]
    try {
      process.execve?.(process.execPath, args, { NODE_COMPILE_CACHE: COMPILED, MALLOC_ARENA_MAX: '1', ...env })
    } catch {
      // The program is as good, and takes more memory.
    }
  }
  if (missing.includes(NO_PRETENURING)) setFlagsFromString(NO_PRETENURING)
  enableCompileCache(COMPILED)
}

/**
 * Lets go of what only starting has needed: garbage, the code of what runs once, and pages that are hardly used. V8 does so by itself where
 * memory is short, and else keeps it for as long as little happens. It takes about 0.1 s; where V8 can't be told to, nothing.
 */
export async function collectWhatStartingLeft(): Promise<void> {
  await globalThis.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' })
}

/** Of a flag and its opposite, with or without a value. */
function nameOf(flag: string): string {
  return flag.replace(/^--(?:no-)?/, '').replace(/=.*/, '')
}
