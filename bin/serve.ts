import type { Config } from '../src/config.ts'
import { type Demo, describeDemo, isDemoWanted, makeDemo } from './demo.ts'
import { loadConfig } from './load-config.ts'
import { type Program, startProgram } from './program.ts'
import { startWorker } from './worker.ts'

/** Within this time after SIGTERM the process is gone, whatever hangs. */
const STOP_WITHIN_MS = 10_000
const MAX_EVENT_LOOP_DELAY_MS = 2000

/** Starts what the role wants: the API, the work, or both. It stops in order on SIGINT or SIGTERM. */
export async function serve(env: NodeJS.ProcessEnv): Promise<undefined> {
  const config = await loadConfig(env)
  const isWorker = config.role !== 'api'
  const program = await startProgram(config, {
    isWorker,
    onlyHealth: config.role === 'worker',
    mostEventLoopDelay: MAX_EVENT_LOOP_DELAY_MS,
    logger: { level: config.logLevel, redact: ['*.password', '*.token', '*.oauth_token', '*.authorization'] },
  })
  try {
    if (isWorker) program.stopFirst(await startWorker(program, config))
    const demo = (await isDemoWanted(config, program.database)) ? await makeDemo(program.app) : undefined
    await listen(program, config, demo)
  } catch (error) {
    await program.stop()
    throw error
  }
  stopOnSignal(program)
}

async function listen({ app }: Program, { host, port, publicUrl }: Config, demo: Demo | undefined): Promise<void> {
  let base = publicUrl
  try {
    base = await app.listen({ host, port })
  } finally {
    // Also where the port is taken, because the next start finds the workspace there and says nothing of it.
    if (demo) console.log(describeDemo(demo, base))
  }
}

/** Readiness first, so that nobody sends more; then what was started, the last first. */
function stopOnSignal({ app, stop }: Program): void {
  let stopping = false
  const stopOnce = async (signal: string) => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    app.stopBeingReady()
    app.log.info({ signal }, 'stopping')
    await stop()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopOnce(signal).catch((error: unknown) => {
        console.error(error)
        process.exit(1)
      })
    })
  }
}
