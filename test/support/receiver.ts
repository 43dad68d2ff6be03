import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

/** What a receiver was sent. */
export type Received = { method: string; url: string; headers: IncomingMessage['headers']; body: string }

/** A server on loopback: `host:port` of it, and what it was sent so far. */
export type Receiver = { authority: string; port: number; received: Received[] }

/** A real HTTP server on a free port of loopback, stopped with all its connections at the test's end. */
export async function startReceiver(t: Test, answer: RequestListener): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    received.push({ method, url, headers, body: await text(request) })
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return receiver(server.address() as AddressInfo, received)
}

/** A bare TCP server, for what no HTTP server would do. */
export async function startTcpReceiver(t: Test, accept: (socket: Socket) => void): Promise<Receiver> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}) // the other side may vanish, which is what such tests are about
    accept(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return receiver(server.address() as AddressInfo, [])
}

function receiver({ port }: AddressInfo, received: Received[]): Receiver {
  return { authority: `127.0.0.1:${port}`, port, received }
}
