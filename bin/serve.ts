import { once } from 'node:events'
import { flushCompileCache } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger, FastifyInstance, FastifyServerOptions } from 'fastify'
import type { PrettyOptions } from 'pino-pretty'
import type { Config } from '../src/config.ts'
import { authorityOf } from '../src/network.ts'
import type { Tunnels } from '../src/tunnels/tunnels.ts'
import { collectWhatStartingLeft } from './begin-again.ts'
import { type Demo, describeDemo, isDemoWanted, makeDemo } from './demo.ts'
import { type ConfigWithSecrets, loadConfig } from './load-config.ts'
import { type Program, startProgram } from './program.ts'
import { onStop } from './signals.ts'
import { serveTunnels } from './tunnels.ts'
import { startWorker } from './worker.ts'

/** Within this time after a signal the process is gone, whatever hangs. */
const STOP_WITHIN_MS = 10_000
const MAX_EVENT_LOOP_DELAY_MS = 2000

/** Starts what the role wants: the API, the work, or both. A signal stops it in order, also while it is still starting. */
export async function serve(env: NodeJS.ProcessEnv): Promise<undefined> {
  let log: FastifyBaseLogger | undefined
  const starting = Promise.withResolvers<Program>()
  onStop(env, (reason) => {
    log?.info({ reason }, 'stopping')
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    // What failed to start has let go of everything by itself, and main tells of it.
    starting.promise.then(stop).then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
  try {
    const program = await start(await loadConfig(env))
    log = program.app.log
    starting.resolve(program)
  } catch (error) {
    starting.reject(error)
    starting.promise.catch(() => {}) // nobody may have asked to stop
    throw error
  }
}

async function start(config: ConfigWithSecrets): Promise<Program> {
  const isWorker = config.role !== 'api'
  const program = await startProgram(config, {
    isWorker,
    onlyHealth: config.role === 'worker',
    mostEventLoopDelay: MAX_EVENT_LOOP_DELAY_MS,
    logger: await loggerOf(config),
  })
  try {
    const demo = (await isDemoWanted(config, program.database)) ? await makeDemoQuietly(program.app) : undefined
    if (isWorker) program.stopWithRequests(await startWorker(program, config))
    const tunnels = config.role === 'worker' ? undefined : await serveTunnels(program, config)
    if (tunnels !== undefined) program.alsoStop(tunnels.stop)
    // Before anybody waits for an answer: a moment, the first time that this release starts here.
    flushCompileCache()
    await collectWhatStartingLeft()
    await listen(program, config, demo)
    if (tunnels !== undefined) await listenForVisitors(program, tunnels, config)
    return program
  } catch (error) {
    await program.stop()
    throw error
  }
}

/** JSON, a line each, for whatever collects logs; for a person at a terminal the same to read. */
async function loggerOf({ logLevel }: Config): Promise<FastifyServerOptions['logger']> {
  const options = {
    level: logLevel,
    redact: [
      '*.password',
      '*.token',
      '*.oauth_token',
      '*.oauth_refresh_token',
      '*.oauth_client_secret',
      '*.authorization',
    ],
  }
  if (!process.stdout.isTTY) return options
  const { build } = await import('pino-pretty')
  return { ...options, stream: build(ON_A_TERMINAL) }
}

const ON_A_TERMINAL: PrettyOptions = {
  sync: true,
  singleLine: true,
  translateTime: 'HH:MM:ss',
  messageFormat: '{msg}{if status} {method} {route} {status} in {ms} ms{end}',
  ignore: 'pid,hostname,reqId,method,route,status,ms',
}

/** Its requests are nobody's, and the first thing that a visitor sees is what they made. */
async function makeDemoQuietly(app: FastifyInstance): Promise<Demo> {
  const { level } = app.log
  app.log.level = 'silent'
  try {
    return await makeDemo(app)
  } finally {
    app.log.level = level
  }
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

async function listenForVisitors({ app }: Program, { visitors }: Tunnels, { host, tunnelPort }: Config): Promise<void> {
  visitors.listen(tunnelPort, host)
  await once(visitors, 'listening')
  const { address, port } = visitors.address() as AddressInfo
  app.log.info(`Tunnels listening at http://${authorityOf(address, port)}`)
}

/** Readiness first, so that nobody sends more. */
async function stop(program: Program): Promise<void> {
  program.app.stopBeingReady()
  try {
    await program.stop()
  } catch (error) {
    program.app.log.error({ err: error }, 'it did not stop in order')
    throw error
  }
}
