import type { FastifyInstance } from 'fastify'
import { migrate } from '../db/migrate.ts'
import { type AppDependencies, buildApp } from '../plugins/app.ts'
import { createPasswords } from '../src/access/passwords.ts'
import type { Actions } from '../src/actions/index.ts'
import { KINDS } from '../src/kinds/index.ts'
import type { Kinds } from '../src/kinds/registry.ts'
import { type RunQueue, startQueue } from '../src/runs/queue.ts'
import { type Cipher, createCipher } from '../src/secrets/cipher.ts'
import { wireActions } from './actions.ts'
import { type OpenedDatabase, openDatabase } from './database.ts'
import type { ConfigWithSecrets } from './load-config.ts'
import { version } from './version.ts'

/** The program wired on its migrated database. Its HTTP application does not listen yet, and nothing runs by itself. */
export type Program = {
  database: OpenedDatabase
  queue: RunQueue
  actions: Actions
  kinds: Kinds
  cipher: Cipher
  app: FastifyInstance
  /** Logs what went wrong beside any request. */
  onError(message: string): (error: unknown) => void
  /** Has something stopped before all that was there before it. */
  stopFirst(stop: () => Promise<unknown>): void
  /** Stops everything, what came last first. */
  stop(): Promise<void>
}

type Options = Pick<AppDependencies, 'mostEventLoopDelay' | 'onlyHealth' | 'logger'> & {
  /** Whether it watches over the jobs of workers that died. */
  isWorker: boolean
}

/** Opens the database, migrates it, and wires what works on it. What was opened is let go when something fails. */
export async function startProgram(config: ConfigWithSecrets, { isWorker, ...options }: Options): Promise<Program> {
  let app: FastifyInstance | undefined
  const onError = (message: string) => (err: unknown) => app?.log.warn({ err }, message)
  const stops: (() => Promise<unknown>)[] = []
  const stopFirst = (stop: () => Promise<unknown>) => void stops.unshift(stop)
  const stop = async () => {
    for (const each of stops) await each()
  }
  try {
    const database = await openDatabase(config, onError('a database connection broke'))
    stopFirst(database.close)
    await migrate(database.db)
    const queue = await startQueue(database.url, { isWorker, onError: onError('the queue of runs failed') })
    stopFirst(queue.stop)
    const cipher = createCipher(config.encryptionKeys)
    const { actions, close } = wireActions(database.db, cipher, config)
    stopFirst(close)
    app = await buildApp({
      ...options,
      config,
      db: database.db,
      queue,
      actions,
      kinds: KINDS,
      cipher,
      passwords: createPasswords(),
      jwtSecret: config.jwtSecret,
      version,
    })
    stopFirst(app.close.bind(app))
    return { database, queue, actions, kinds: KINDS, cipher, app, onError, stopFirst, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
