import type { FastifyInstance } from 'fastify'
import { type AppDependencies, buildApp } from '../plugins/app.ts'
import { createPasswords } from '../src/access/passwords.ts'
import type { Actions } from '../src/actions/index.ts'
import { startSealer } from '../src/audit-chain.ts'
import { KINDS } from '../src/kinds/index.ts'
import type { Kinds } from '../src/kinds/registry.ts'
import { type RunQueue, startQueue, type Work } from '../src/runs/queue.ts'
import { type Cipher, createCipher } from '../src/secrets/cipher.ts'
import { wireActions } from './actions.ts'
import { migrate, type OpenedDatabase, openDatabase } from './database.ts'
import type { ConfigWithSecrets } from './load-config.ts'
import { rulesOf } from './rules.ts'
import { version } from './version.ts'

/** The program wired on its migrated database. Its HTTP application does not listen yet, and nothing runs by itself. */
export type Program = {
  database: OpenedDatabase
  queue: RunQueue
  actions: Actions
  kinds: Kinds
  cipher: Cipher
  /** Names what configs are held to. */
  rules: string
  app: FastifyInstance
  /** Logs what went wrong beside any request. */
  onError(message: string): (error: unknown) => void
  /** Has what runs automations stop while the requests that are under way end: each waits for the other's work. */
  stopWithRequests(work: Work): void
  /** Has something else stop at the same time. */
  alsoStop(stop: () => Promise<unknown>): void
  /** Stops everything: what takes work first, then what it was done with, the last first. */
  stop(): Promise<void>
}

type Options = Pick<AppDependencies, 'mostEventLoopDelay' | 'onlyHealth' | 'logger'> & {
  /** Whether it runs automations, and watches over the jobs of workers that died. */
  isWorker: boolean
}

/** Opens the database, migrates it, and wires what works on it. What was opened is let go when something fails. */
export async function startProgram(config: ConfigWithSecrets, { isWorker, ...options }: Options): Promise<Program> {
  let app: FastifyInstance | undefined
  let work: Work | undefined
  const onError = (message: string) => (err: unknown) => app?.log.warn({ err }, message)
  const stops: (() => Promise<unknown>)[] = []
  const alongside: (() => Promise<unknown>)[] = []
  const isWorking = () => work?.isAlive() ?? true
  const stop = async () => {
    await Promise.all([app?.close(), work?.stop(), ...alongside.map((each) => each())])
    for (const each of stops.toReversed()) await each()
  }
  try {
    const database = await openDatabase(config, onError('a database connection broke'))
    stops.push(database.close)
    await migrate(database.url)
    const queue = await startQueue(database.url, { isWorker, onError: onError('the queue of runs failed') })
    stops.push(queue.stop)
    const cipher = createCipher(config.encryptionKeys)
    const { actions, close } = wireActions(database.db, cipher, config)
    stops.push(close)
    stops.push(startSealer(database.db, onError('the audit log was not sealed')))
    const rules = rulesOf(config)
    app = await buildApp({
      ...options,
      config,
      db: database.db,
      queue,
      actions,
      kinds: KINDS,
      rules,
      cipher,
      passwords: createPasswords(),
      jwtSecret: config.jwtSecret,
      version,
      isWorking,
      isWorker,
    })
    const stopWithRequests = (started: Work) => {
      work = started
    }
    const alsoStop = (each: () => Promise<unknown>) => void alongside.push(each)
    return { database, queue, actions, kinds: KINDS, cipher, rules, app, onError, stopWithRequests, alsoStop, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
