import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { collectBody } from '../../plugins/collect-body.ts'
import type { ApiError } from '../../src/errors.ts'
import type { Arrival } from '../../src/hooks/admission.ts'

const MOST = 1000

/** A server that answers with what it has collected, and what memory that took. */
async function start(t: Test) {
  const arrivals: { taken: number[]; giveUp: (refusal: ApiError) => void }[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const taken: number[] = []
    const begin = (giveUp: (refusal: ApiError) => void): Arrival => {
      arrivals.push({ taken, giveUp })
      return { take: (bytes) => void taken.push(bytes), end: () => {}, leave: () => {} }
    }
    collectBody(request, MOST, begin).then(
      (body) => response.end(JSON.stringify({ body: body.toString(), taken })),
      (error: ApiError) => response.writeHead(400, { connection: 'close' }).end(error.code),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const open = (...lines: string[]) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('\r\n')}`)
    return { socket, answer: () => text(socket) }
  }
  return { arrivals, open }
}

t.test('memory grows with what has come, and not with what was announced or how it was cut', async (t) => {
  const { open } = await start(t)
  const chunks = Array.from({ length: 600 }, () => '1\r\nx\r\n').join('')
  const cut = await open('Transfer-Encoding: chunked', '', `${chunks}0\r\n\r\n`).answer()
  const { body, taken } = JSON.parse(cut.slice(cut.indexOf('{"'), cut.lastIndexOf('}') + 1))
  t.equal(body, 'x'.repeat(600))
  t.same(taken, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 488], 'no more than may come, or twice of what has')
  const whole = await open('Content-Length: 5', '', 'hello').answer()
  t.match(whole, '{"body":"hello","taken":[5]}')
})

t.test('a body that was announced and does not come takes nothing, and can be given up', async (t) => {
  const { open, arrivals } = await start(t)
  const { socket, answer } = open('Content-Length: 900', '', 'x')
  while (arrivals[0]?.taken.length !== 1) await new Promise((resolve) => setImmediate(resolve))
  t.same(arrivals[0].taken, [1])
  arrivals[0].giveUp(new Error('given up') as ApiError)
  t.match(await answer(), /^HTTP\/1.1 400/)
  t.equal(socket.destroyed, true)
})

t.test('too much, and what breaks off, is refused', async (t) => {
  const { open, arrivals } = await start(t)
  t.match(
    await open('Transfer-Encoding: chunked', '', `3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`).answer(),
    'body_too_large',
  )
  const { socket } = open('Content-Length: 900', '', 'x')
  while (arrivals[1]?.taken.length !== 1) await new Promise((resolve) => setImmediate(resolve))
  socket.destroy()
})
