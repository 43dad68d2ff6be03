import type { IncomingMessage } from 'node:http'
import proxyAddr from '@fastify/proxy-addr'
import type { Config } from '../src/config.ts'

/** Where a request comes from, and whether whoever handed it over is believed about that. */
export type Client = { address: string; isForwarded: boolean }

/** Makes what tells where requests come from that Fastify does not take, in the way in which it tells it of those that it takes. */
export function createClientAddress(trustProxy: Config['trustProxy']): (request: IncomingMessage) => Client {
  const trusts = trustOf(trustProxy)
  return (request) => ({
    address: withoutPort(proxyAddr(request, trusts) ?? ''),
    isForwarded: trusts(request.socket.remoteAddress ?? '', 0),
  })
}

/** Some proxies write the visitor's port behind the address (Azure's Application Gateway). */
function withoutPort(address: string): string {
  const plain = address.replace(/^\[([\da-f:.]+)\](?::\d+)?$|^(\d+(?:\.\d+){3}):\d+$/i, '$1$2')
  return plain.replace(/^::ffff:(?=\d+\.)/i, '')
}

function trustOf(trustProxy: Config['trustProxy']): (address: string, hop: number) => boolean {
  if (typeof trustProxy === 'boolean') return () => trustProxy
  return typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : proxyAddr.compile(trustProxy)
}
