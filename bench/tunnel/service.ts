import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isReady } from '../support/ready.ts'

// The service behind the tunnels that are measured: a kilobyte for each request, as many bytes as are asked for, and a sink.
const KILOBYTE = Buffer.alloc(1024, 'x')
const CHUNK = Buffer.alloc(256 * 1024, 'x')

const server = createServer((request, response) => {
  const bytes = Number(/^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 0)
  if (request.method === 'POST') {
    request.resume().once('end', () => response.end('taken'))
    return
  }
  if (bytes === 0) {
    response.setHeader('content-length', KILOBYTE.length)
    response.end(KILOBYTE)
    return
  }
  response.setHeader('content-length', bytes)
  let left = bytes
  const send = () => {
    while (left > 0) {
      const chunk = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left)
      left -= chunk.length
      if (!response.write(chunk)) return void response.once('drain', send)
    }
    response.end()
  }
  send()
})
// As most services, and unlike Node, whose clients would find an idle connection gone in the midst of a measurement.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  isReady({ port: (server.address() as AddressInfo).port }, async () => {
    server.closeAllConnections()
    server.close()
  })
})
