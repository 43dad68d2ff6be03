import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import fp from 'fastify-plugin'
import t, { type Test } from 'tap'
import { type JsonText, jsonText } from '../../../db/json.ts'
import parts from '../../../plugins/core/parts.ts'
import { until } from '../../support/until.ts'

const PARTS = 100
const PART = 'x'.repeat(1024 * 1024)

/** A server whose list has a hundred parts of a megabyte, and counts those that are read. */
async function serve(t: Test) {
  const counts = { reads: 0, ended: 0 }
  async function* read(): AsyncGenerator<JsonText> {
    try {
      for (let i = 0; i < PARTS; i++) {
        counts.reads++
        yield jsonText(JSON.stringify(PART))
      }
    } finally {
      counts.ended++
    }
  }
  const app = Fastify({ forceCloseConnections: true })
  await app.register(fp(async () => {}, { name: 'authorization' }))
  await app.register(parts)
  app.get('/list', async (_request, reply) => reply.sendParts('items', read(), { next: jsonText('null') }))
  app.get('/none', async (_request, reply) => {
    async function* nothing() {
      yield jsonText('')
    }
    return reply.sendParts('items', nothing())
  })
  app.get('/broken', async (_request, reply) => {
    async function* broken() {
      yield jsonText('1')
      throw new Error('the database is gone')
    }
    return reply.sendParts('items', broken())
  })
  app.get('/ping', async () => 'pong')
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  /** Asks, and reads nothing until it is read. */
  const open = async (path = '/list'): Promise<IncomingMessage> => {
    const request = get(`${base}${path}`, { agent: false }).on('error', () => {})
    const [response] = await once(request, 'response')
    return response
  }
  return { app, base, counts, open, ping: () => fetch(`${base}/ping`) }
}

t.test('parts are read only as fast as they are taken, and make one object', async (t) => {
  const { counts, open, ping } = await serve(t)
  const response = await open()
  for (let i = 0; i < 50; i++) await ping()
  t.ok(counts.reads < PARTS / 2, `${counts.reads} parts are on their way to somebody who reads none`)
  const { items, next } = JSON.parse(await text(response))
  t.equal(items.length, PARTS)
  t.equal(next, null)
  t.same(JSON.parse(await text(await open('/none'))), { items: [] })
  await t.rejects(async () => text(await open('/broken')), 'what is not whole does not end as if it were')
})

t.test('so many of one owner are read at a time, and the others come after them', async (t) => {
  const { counts, open, ping } = await serve(t)
  const slow = await Promise.all(Array.from({ length: 8 }, () => open()))
  const waiting = open()
  for (let i = 0; i < 50; i++) await ping()
  t.equal(counts.ended, 0)
  slow[0]?.destroy()
  const late = await waiting
  await until(async () => counts.ended === 1)
  for (const response of [...slow.slice(1), late]) response.destroy()
  await until(async () => counts.ended === 9)
})

t.test('whoever asks for the headers alone has nothing read', async (t) => {
  const { base, counts } = await serve(t)
  const response = await fetch(`${base}/list`, { method: 'HEAD' })
  t.equal(response.status, 200)
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  t.equal(counts.reads, 0)
})
