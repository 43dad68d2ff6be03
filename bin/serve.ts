import type { FastifyInstance } from 'fastify'
import { migrate } from '../db/migrate.ts'
import * as organizations from '../db/queries/organizations.ts'
import { buildApp } from '../plugins/app.ts'
import { createPasswords } from '../src/access/passwords.ts'
import type { Actions } from '../src/actions/index.ts'
import { type RunQueue, startQueue } from '../src/runs/queue.ts'
import { createCipher } from '../src/secrets/cipher.ts'
import { wireActions } from './actions.ts'
import { describeDemo, makeDemo } from './demo.ts'
import { type ConfigWithSecrets, loadConfig, type OpenedDatabase, openDatabase } from './services.ts'
import { version } from './version.ts'
import { startWorker } from './worker.ts'

/** Within this time after SIGTERM the process is gone, whatever hangs. */
const STOP_WITHIN_MS = 10_000
const MOST_EVENT_LOOP_DELAY_MS = 2000

/** Opens the database, migrates it, listens and works, and stops in order on SIGINT or SIGTERM. */
export async function serve(env: NodeJS.ProcessEnv): Promise<void> {
  const config = await loadConfig(env)
  let app: FastifyInstance | undefined
  const onError = (message: string) => (err: unknown) => app?.log.warn({ err }, message)
  const database = await openDatabase(config, onError('a database connection broke'))
  const closing: (() => Promise<unknown>)[] = [database.close]
  try {
    await migrate(database.db)
    const isWorker = config.role !== 'api'
    const queue = await startQueue(database.url, {
      isWorker,
      onError: onError('the queue of runs could not do its work'),
    })
    closing.unshift(queue.stop)
    const { actions, close } = wireActions(database.db, config)
    closing.unshift(close)
    app = await buildServer(config, database, queue, actions)
    closing.unshift(app.close.bind(app))
    if (isWorker) closing.unshift(await startWorker({ database, queue, actions, onError: onError('a worker failed') }))
    const wantsDemo =
      config.demo &&
      config.role !== 'worker' &&
      database.embedded &&
      (await organizations.findFirst(database.db)) === undefined
    const demo = wantsDemo ? await makeDemo(app) : undefined
    const base = await app.listen({ host: config.host, port: config.port })
    if (demo) console.log(describeDemo(demo, base))
  } catch (error) {
    for (const close of closing) await close()
    throw error
  }
  stopOnSignal(app, closing)
}

async function buildServer(
  config: ConfigWithSecrets,
  { db }: OpenedDatabase,
  queue: RunQueue,
  actions: Actions,
): Promise<FastifyInstance> {
  return buildApp({
    config,
    db,
    queue,
    actions,
    cipher: createCipher(config.encryptionKeys),
    passwords: createPasswords(),
    jwtSecret: config.jwtSecret,
    version,
    onlyHealth: config.role === 'worker',
    mostEventLoopDelay: MOST_EVENT_LOOP_DELAY_MS,
    logger: { level: config.logLevel, redact: ['*.password', '*.token', '*.oauth_token', '*.authorization'] },
  })
}

/** Readiness first, then what stands in the list, in its order: the worker, requests, the queue, the database. */
function stopOnSignal(app: FastifyInstance, closing: readonly (() => Promise<unknown>)[]): void {
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    app.stopBeingReady()
    app.log.info({ signal }, 'stopping')
    for (const close of closing) await close()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        console.error(error)
        process.exit(1)
      })
    })
  }
}
