import Fastify from 'fastify'
import { isReady } from '../support/ready.ts'

// Fastify alone, with the bytes of a list: what no server on this stack can pass.
const body = process.env.BENCH_BODY ?? ''
const app = Fastify()
app.get('/', (_request, reply) => {
  reply.type('application/json; charset=utf-8').send(body)
})
const base = await app.listen({ host: '127.0.0.1', port: 0 })
isReady({ base }, () => app.close())
