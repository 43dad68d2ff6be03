import Fastify from 'fastify'

// Fastify alone, with the bytes of a list: what no server on this stack can pass.
const body = process.env.BENCH_BODY ?? ''
const app = Fastify()
app.get('/', (_request, reply) => {
  reply.type('application/json; charset=utf-8').send(body)
})
const base = await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`${JSON.stringify({ base })}\n`)
process.on('SIGTERM', () => {
  app.close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
