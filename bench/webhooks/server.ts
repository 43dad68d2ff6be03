import Fastify from 'fastify'
import { wireActions } from '../../bin/actions.ts'
import { createDb } from '../../db/client.ts'
import { buildApp } from '../../plugins/app.ts'
import { createPasswords } from '../../src/access/passwords.ts'
import { webhook } from '../../src/kinds/webhook/index.ts'
import { startQueue } from '../../src/runs/queue.ts'
import { createCipher } from '../../src/secrets/cipher.ts'

// What the suite sends to, by BENCH_SUBJECT: `program` is the server as `serve` builds it, `alone` the same with a
// transaction for each event, `bare` is Fastify that verifies and forgets.
const { DATABASE_URL = '', BENCH_SUBJECT = '', BENCH_SECRET = '' } = process.env

const { server, close } = BENCH_SUBJECT === 'bare' ? bare() : await program()
const base = await server.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`${JSON.stringify({ base })}\n`)
process.on('SIGTERM', () => {
  close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})

async function program() {
  const db = createDb(DATABASE_URL)
  const queue = await startQueue(DATABASE_URL, { isWorker: false, onError: console.error })
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
    ...(BENCH_SUBJECT === 'alone' ? { eventBatches: { most: 1, concurrency: 10 } } : {}),
  })
  return { server: app, close: () => Promise.all([app.close(), queue.stop(), db.destroy()]) }
}

function bare() {
  const app = Fastify({ bodyLimit: 1024 * 1024 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes))
  app.post('/api/v1/hooks/:hookId', async (request, reply) => {
    const delivery = { headers: request.headers as Record<string, string>, bytes: request.body as Buffer }
    if (!webhook.intake?.verify({}, delivery, [BENCH_SECRET], new Date())) return reply.code(401).send({})
    JSON.parse(delivery.bytes.toString())
    return reply.code(202).send({ event_id: '', run_id: '', duplicate: false })
  })
  return { server: app, close: () => app.close() }
}
