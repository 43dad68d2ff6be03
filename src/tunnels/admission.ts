import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { SAYS, UPGRADE, WEBSOCKET } from '../../agent/protocol.ts'
import { ApiError } from '../errors.ts'
import { valuesOf } from './headers.ts'

/** An agent that asks to be let in. */
export type Asking = {
  token: string
  agentId: string
  name: string | null
  version: string | null
  address: string
  target: string
}

const TARGET = /^[\w.[\]:-]{1,255}:\d{1,5}$/

/**
 * What an agent says of itself.
 *
 * @throws ApiError `upgrade_required` for what is no agent, `tunnel_token_invalid` for one without a token
 */
export function readAsking(request: IncomingMessage): Asking {
  const protocol = request.headers.upgrade?.toLowerCase()
  const isAgent = protocol === UPGRADE || (protocol === WEBSOCKET && subprotocols(request).includes(UPGRADE))
  if (!isAgent) throw new ApiError('upgrade_required', { headers: { upgrade: UPGRADE } })
  const [, token] = /^Bearer +(tun_[\w-]{43}) *$/i.exec(request.headers.authorization ?? '') ?? []
  if (token === undefined) throw new ApiError('tunnel_token_invalid', { headers: { 'www-authenticate': 'Bearer' } })
  const said = (name: string): string | null => {
    const [value = ''] = valuesOf(request.rawHeaders, name)
    const text = value
      .replace(/[^\x21-\x7e]+/g, ' ')
      .trim()
      .slice(0, 200)
    return text === '' ? null : text
  }
  const target = said(SAYS.target) ?? ''
  return {
    token,
    agentId: said(SAYS.agent) ?? randomUUID(),
    name: said(SAYS.name),
    version: said(SAYS.version),
    address: request.socket.remoteAddress ?? '',
    target: TARGET.test(target) ? target : 'localhost:80',
  }
}

function subprotocols({ headers }: IncomingMessage): string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim())
}

/**
 * Agrees to an upgrade, in whichever of the two ways it was asked for.
 *
 * @param headers that the agreement has besides.
 * @throws what keeps it from coming about; the agent has been told of it then, or is gone
 */
export function agree(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  headers: Record<string, string>,
): Promise<Duplex> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  if (request.headers.upgrade?.toLowerCase() === WEBSOCKET) {
    // One for each: what one agent does wrong is not to be there when the next one comes.
    const webSockets = new WebSocketServer({
      noServer: true,
      // Whatever passes is of HTTP/2, which bounds it; it does not shrink by being compressed.
      perMessageDeflate: false,
      maxPayload: 2 ** 24,
      handleProtocols: () => UPGRADE,
    })
    webSockets.once('headers', (raw: string[]) => void raw.push(...lines))
    return new Promise((resolve, reject) => {
      socket.once('close', () => reject(new Error('the agent left before it was let in')))
      webSockets.handleUpgrade(request, socket, head, (webSocket) => resolve(createWebSocketStream(webSocket)))
    })
  }
  if (head.length > 0) socket.unshift(head)
  if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true)
  const answer = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${UPGRADE}`, ...lines]
  return new Promise((resolve, reject) => {
    // In the callback: over TLS, Node aborts the process where HTTP/2 takes a socket that still writes.
    socket.write(`${answer.join('\r\n')}\r\n\r\n`, (error) => (error ? reject(error) : resolve(socket)))
  })
}
