import { HELP, readOptions, UsageError } from './options.ts'
import type { Display } from './show.ts'
import { escapeControls } from './text.ts'

/** What is under way when it is told to stop has so long to end. */
const GRACE_MS = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * `hyperspeed tunnel`: carries requests until it is told to stop.
 *
 * @param args those after `tunnel`.
 * @returns the exit code: 0 once it was told to stop, 1 where the server refused it, 2 for what it was not started right.
 */
export async function tunnel(args: string[], env: NodeJS.ProcessEnv, version: string): Promise<number> {
  let options: ReturnType<typeof readOptions>
  try {
    options = readOptions(args, env)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`hyperspeed: ${error.message}`)
    return 2
  }
  if (typeof options === 'string') {
    process.stdout.write(options === 'help' ? HELP : `${version}\n`)
    return 0
  }
  const { server, token, to, target, isWebSocket, sessions, name, inspectPort, isJson, isQuiet } = options
  const { startAgent } = await import('./agent.ts')
  const { showAsJson, showAsLines, showOnScreen } = await import('./show.ts')
  let display: Display | undefined
  const inspector = inspectPort === undefined ? undefined : await inspect(inspectPort, target)
  if (typeof inspector === 'string') {
    console.error(`hyperspeed: --inspect: ${inspector}`)
    return 1
  }
  const agent = startAgent({
    server,
    token,
    target,
    version,
    onEvent: (event) => display?.onEvent(event),
    ...(isWebSocket ? { transport: 'websocket' } : {}),
    ...(sessions === undefined ? {} : { sessions }),
    ...(name === undefined ? {} : { name }),
    ...(inspector === undefined ? {} : { onConnection: inspector.onConnection }),
  })
  const out = process.stdout
  const hasColor = out.isTTY && !env.NO_COLOR && env.TERM !== 'dumb'
  const shown = { out, to: to.origin, load: agent.load, isQuiet, hasColor }
  display = isJson ? showAsJson(shown) : out.isTTY && env.TERM !== 'dumb' ? showOnScreen(shown) : showAsLines(shown)
  if (inspector !== undefined) display.note(`requests are shown on ${inspector.url}`)
  const stopped = new Promise<number>((resolve) => {
    for (const signal of SIGNALS)
      process.on(signal, () => {
        // A second one does not wait.
        if (isStopping) process.exit(0)
        isStopping = true
        agent.stop(GRACE_MS).then(() => resolve(0), resolve.bind(undefined, 1))
      })
  })
  let isStopping = false
  // Whoever reads what is printed may go first.
  out.on('error', () => process.exit(0))
  try {
    return await Promise.race([stopped, agent.ended.then(() => stopped)])
  } catch (error) {
    display.close()
    display = undefined
    if (!(error instanceof Error && error.name === 'RefusedError')) throw error
    console.error(`hyperspeed: ${escapeControls(error.message)}`)
    return 1
  } finally {
    display?.close()
    inspector?.close()
  }
}

/** Loaded where it is asked for. @returns a sentence where its port can't be had. */
async function inspect(port: number, target: { host: string; port: number }) {
  const { startInspector } = await import('./inspector.ts')
  try {
    return await startInspector(port, target)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
