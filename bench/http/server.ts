import { wireActions } from '../../bin/actions.ts'
import { createDb } from '../../db/client.ts'
import { buildApp } from '../../plugins/app.ts'
import { createPasswords } from '../../src/access/passwords.ts'
import { startQueue } from '../../src/runs/queue.ts'
import { createCipher } from '../../src/secrets/cipher.ts'

// The server as `serve` builds it, logging and limits included, on the database of the benchmark. Its log goes nowhere.
const db = createDb(process.env.DATABASE_URL ?? '')
const queue = await startQueue(process.env.DATABASE_URL ?? '', { isWorker: false, onError: console.error })
const cipher = createCipher(new Map([['k1', Buffer.alloc(32, 1)]]))
const app = await buildApp({
  config: { publicUrl: 'http://127.0.0.1', corsOrigin: [], rateLimit: 1e9, trustProxy: false, multiTenant: false },
  db,
  cipher,
  passwords: createPasswords(),
  actions: wireActions(db, cipher, { egressAllow: [] }).actions,
  queue,
  jwtSecret: 'only for this benchmark, on loopback',
  version: '0.0.0-bench',
  logger: { level: 'info', stream: { write() {} } },
})
const base = await app.listen({ host: '127.0.0.1', port: 0 })
const session = await db.selectFrom('sessions').select(['id', 'user_id']).executeTakeFirstOrThrow()
const space = await db.selectFrom('spaces').select(['id', 'organization_id']).executeTakeFirstOrThrow()
const token = app.signAccessToken(session.user_id, session.id)
const { body: sample } = await app.inject({
  url: `/api/v1/organizations/${space.organization_id}/spaces/${space.id}/automations`,
  headers: { authorization: `Bearer ${token}` },
})
process.stdout.write(`${JSON.stringify({ base, token, sample })}\n`)
process.on('SIGTERM', () => {
  Promise.all([app.close(), queue.stop(), db.destroy()]).then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
