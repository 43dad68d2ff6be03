import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/**
 * Starts a proxy on loopback that serves another server under a path, which it takes off before it asks; whatever else is asked
 * of it is 404. Where that server is may be said later. It ends with the test.
 *
 * @returns where it is, with the path, and what tells it where the other server is.
 */
export async function proxyUnder(t: Test, path: string): Promise<{ url: string; forwardTo(base: string): void }> {
  let target = ''
  const server = createServer((incoming, answer) => {
    const { method, headers, url = '' } = incoming
    if (url !== path && !url.startsWith(`${path}/`)) {
      answer.writeHead(404).end('not under the path')
      return
    }
    const outgoing = request(`${target}${url.slice(path.length) || '/'}`, { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    outgoing.on('error', () => answer.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    forwardTo(base) {
      target = base
    },
  }
}
