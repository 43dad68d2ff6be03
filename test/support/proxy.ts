import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Test } from 'tap'
import { listening } from './listening.ts'

/** Asks another server the same, and answers what it does. @param onAnswer does something else with its answer. */
export function passOn(
  incoming: IncomingMessage,
  answer: ServerResponse,
  url: string,
  onAnswer = (response: IncomingMessage): void => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  },
): void {
  const { method, headers } = incoming
  const outgoing = request(url, { method, headers }, onAnswer)
  outgoing.on('error', () => answer.destroy())
  incoming.pipe(outgoing)
}

/**
 * Starts a proxy on loopback that serves another server under a path, which it takes off before it asks; whatever else is asked
 * of it is 404. Where that server is may be said later. It ends with the test.
 *
 * @returns where it is, with the path, and what tells it where the other server is.
 */
export async function proxyUnder(t: Test, path: string): Promise<{ url: string; forwardTo(base: string): void }> {
  let target = ''
  const server = createServer((incoming, answer) => {
    const { url = '' } = incoming
    if (url !== path && !url.startsWith(`${path}/`)) {
      answer.writeHead(404).end('not under the path')
      return
    }
    passOn(incoming, answer, `${target}${url.slice(path.length) || '/'}`)
  })
  return {
    url: `http://127.0.0.1:${await listening(t, server)}${path}`,
    forwardTo(base) {
      target = base
    },
  }
}
