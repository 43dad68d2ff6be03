import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

// What clients may do and hardly any does: send a request before the answer to the one before it (RFC 9112, 9.3.2).

/** The answer that is being written on a connection, or is next; undefined where none is owed. */
export function answerOn(socket: Duplex): ServerResponse | undefined {
  return ('_httpMessage' in socket && (socket._httpMessage as ServerResponse | null)) || undefined
}

/**
 * Has answers whose turn has not come end with their connection. Node 26 tells those nothing of it, and whatever waits for their end
 * would wait for ever.
 */
export function endWithConnection(server: Server): void {
  const waiting = new WeakMap<Duplex, Set<ServerResponse>>()
  const tend = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    if (response.socket !== null) return
    const queue = waiting.get(socket) ?? new Set()
    if (queue.size === 0) socket.once('close', () => queue.forEach(end))
    waiting.set(socket, queue.add(response))
    response.once('close', () => queue.delete(response))
  }
  for (const event of ['request', 'checkContinue']) server.prependListener(event, tend)
}

function end(response: ServerResponse): void {
  response.destroy()
  response.emit('close')
}
