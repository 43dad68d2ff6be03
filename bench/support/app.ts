import type { FastifyInstance } from 'fastify'
import { wireActions } from '../../bin/actions.ts'
import { rulesOf } from '../../bin/rules.ts'
import { createDb, type Database } from '../../db/client.ts'
import { type AppDependencies, buildApp } from '../../plugins/app.ts'
import { createPasswords } from '../../src/access/passwords.ts'
import { KINDS } from '../../src/kinds/index.ts'
import { startQueue } from '../../src/runs/queue.ts'
import { createCipher } from '../../src/secrets/cipher.ts'
import { SOCIAL_NETWORKS } from '../../src/social/index.ts'

/** As a server has them that starts with `serve`. */
export const RULES = rulesOf({ egressAllow: [] })

const KEY = Buffer.alloc(32, 1)
/** What the secrets of benchmarks are encrypted with, and the setting of a server that opens them. */
export const CIPHER = createCipher(new Map([['k1', KEY]]))
export const ENCRYPTION_KEY = KEY.toString('base64')

export type BenchApp = { app: FastifyInstance; db: Database; close: () => Promise<unknown> }

/** The server as `serve` builds it, logging and limits included, on the database of the benchmark. Its log goes nowhere. */
export async function buildBenchApp(
  url: string,
  options: Pick<AppDependencies, 'eventBatches'> = {},
): Promise<BenchApp> {
  const db = createDb(url)
  const queue = await startQueue(url, { isWorker: false, onError: console.error })
  const app = await buildApp({
    config: {
      publicUrl: 'http://127.0.0.1',
      tunnelUrl: 'http://localhost',
      corsOrigin: [],
      rateLimit: 1e9,
      trustProxy: false,
      multiTenant: false,
    },
    db,
    kinds: KINDS,
    rules: RULES,
    cipher: CIPHER,
    passwords: createPasswords(),
    actions: wireActions(db, CIPHER, { egressAllow: [], social: SOCIAL_NETWORKS }).actions,
    queue,
    jwtSecret: 'only for this benchmark, on loopback',
    version: '0.0.0-bench',
    logger: { level: 'info', stream: { write() {} } },
    ...options,
  })
  return { app, db, close: () => Promise.all([app.close(), queue.stop(), db.destroy()]) }
}
