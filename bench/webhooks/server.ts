import Fastify from 'fastify'
import { webhook } from '../../src/kinds/webhook/index.ts'
import { buildBenchApp } from '../support/app.ts'
import { isReady } from '../support/ready.ts'

// What the suite sends to, by BENCH_SUBJECT: `program` is the server, `alone` the same with a transaction for each event, `bare`
// is Fastify that verifies and forgets.
const { DATABASE_URL = '', BENCH_SUBJECT = '', BENCH_SECRET = '' } = process.env
const ALONE = { eventBatches: { most: 1, concurrency: 10 } }

const { app, close } =
  BENCH_SUBJECT === 'bare' ? bare() : await buildBenchApp(DATABASE_URL, BENCH_SUBJECT === 'alone' ? ALONE : {})
const base = await app.listen({ host: '127.0.0.1', port: 0 })
isReady({ base }, close)

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
  return { app, close: () => app.close() }
}
