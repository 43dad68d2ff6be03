import { isIP, type LookupFunction, connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { buildConnector } from 'undici'

/** How far a request has come. From `sent` on the other side may have received it. */
export type Progress = { phase: 'dns' | 'connect' | 'tls' | 'sent' }

/**
 * Makes undici's connector for one request. It connects to the given, checked addresses and asks nobody again, so that a
 * name cannot resolve to something else between the check and the connection. TLS is held to the name.
 *
 * @param signal ends a connection that is still being made.
 */
export function connectTo(
  addresses: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): buildConnector.connector {
  const lookup = answering(addresses)
  return ({ hostname, port, protocol }, callback) => {
    const secure = protocol === 'https:'
    const tcp = { host: hostname, port: Number(port || (secure ? 443 : 80)), lookup, noDelay: true }
    const socket: Socket = secure ? tlsConnect({ ...tcp, ...tlsOptions(hostname) }) : netConnect(tcp)
    const stop = () => socket.destroy(new Error('stopped'))
    const fail = (error: Error) => callback(error, null)
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', fail)
    if (secure) {
      socket.once('connect', () => {
        progress.phase = 'tls'
      })
    }
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      // From here on it is undici's, which ends it with its client.
      signal.removeEventListener('abort', stop)
      socket.off('error', fail)
      progress.phase = 'sent'
      callback(null, socket)
    })
    if (signal.aborted) stop()
  }
}

/** A lookup that knows its answer. Node calls it for names only, never for literal addresses. */
function answering(addresses: readonly string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, callback) => {
    const [first] = answers
    if (options.all) callback(null, answers)
    else callback(null, first?.address ?? '', first?.family)
  }
}

function tlsOptions(hostname: string) {
  const ALPNProtocols = ['http/1.1']
  // A literal address has no server name, and a name has no trailing dot (RFC 6066, section 3).
  return isIP(hostname) ? { ALPNProtocols } : { ALPNProtocols, servername: hostname.replace(/\.$/, '') }
}
