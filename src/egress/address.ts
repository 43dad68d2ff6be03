import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** All that IANA has given out for use on the public Internet; what lies outside is special or not assigned. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
/** Azure's wire server, which hands out credentials of the machine from an address that looks public. */
const AZURE_WIRE_SERVER = '168.63.129.16'

/**
 * Whether an address is one of the public Internet. Everything else is not: loopback, private, link-local (where clouds
 * keep their metadata), carrier-grade NAT, multicast, unspecified, broadcast, reserved and documentation ranges (RFC
 * 6890), and IPv6 that carries an IPv4 address inside (mapped, NAT64, 6to4, Teredo), which a gateway would unwrap.
 *
 * @param address in the form that `net.isIP` takes; anything else is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  if (parsed instanceof ipaddr.IPv4) return parsed.toString() !== AZURE_WIRE_SERVER
  return parsed instanceof ipaddr.IPv6 && parsed.match(GLOBAL_UNICAST)
}

/** Whether a text is an address, or a network in CIDR notation (`10.0.0.0/8`, `fd00::/8`) that is not all there are. */
export function isAddressOrNetwork(text: string): boolean {
  const [, address = '', bits = '1'] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  return Number(bits) >= 1 && Number(bits) <= most
}
