import ipaddr from 'ipaddr.js'

/** A host and a port as they stand in a URL: IPv6 addresses in brackets. */
export function authorityOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * Who counts as one caller: an IPv4 address, or the /64 of an IPv6 one, because whoever has one of those has them all. What a proxy
 * that is believed wrote may be no address: that is itself.
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}
