/** As Node has them: names and values in turns, as they were written and in their order. */
export type RawHeaders = readonly string[]

/** Who asks, and how, as the service is to hear it. */
export type Forwarded = { for: string; proto: 'http' | 'https'; host: string }

/** Between two hops alone (RFC 9110, 7.6.1, and what older programs add). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])
/** Whatever `Connection` names, these stay: without them a body would be a request of its own, or go to another host. */
const FRAMING = new Set(['content-length', 'host', 'trailer'])

/** What proxies in front say of who asks, as `TRUST_PROXY` believes it. `Forwarded` is made here: few replace what a visitor wrote there. */
const BELIEVED = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto'])

/** What only the last proxy can know. Servers that make variables of headers take underscores for hyphens (RFC 3875, 4.1.18). */
function isOfProxies(name: string): boolean {
  const plain = name.replaceAll('_', '-')
  return plain.startsWith('x-forwarded') || OF_PROXIES.has(plain)
}

const OF_PROXIES = new Set(['forwarded', 'true-client-ip', 'x-client-ip', 'x-real-ip'])

/** What happens to the headers of a request on its way to the service. */
export type RequestRules = {
  forwarded: Forwarded
  /** What the service is asked for in place of the visitor's `Host`; undefined keeps that. */
  host: string | undefined
  /** What of a header's value passes; undefined leaves it out. The name is in lower case. */
  passes: (name: string, value: string) => string | undefined
  /** Of a request that asks for another protocol: that one goes on with it. */
  isUpgrade: boolean
  /** Whether trailers can follow: otherwise none are announced. */
  hasTrailers: boolean
  /** Whether what others said about who asks is believed. */
  trustsForwarded: boolean
}

/** The headers of a request as the service gets them: all but what is between two hops, and what is nobody's business there. */
export function toService(raw: RawHeaders, rules: RequestRules): string[] {
  const named = namedByConnection(raw)
  const headers: string[] = []
  let takesTrailers = false
  let upgrade = ''
  let isForwarded = false
  for (let i = 0; i < raw.length; i += 2) {
    const [name, value] = [raw[i] ?? '', raw[i + 1] ?? '']
    const lower = name.toLowerCase()
    if (lower === 'te') takesTrailers ||= /\btrailers\b/i.test(value)
    if (lower === 'upgrade') upgrade = upgrade === '' ? value : `${upgrade}, ${value}`
    if (HOP_BY_HOP.has(lower) || (lower === 'trailer' && !rules.hasTrailers)) continue
    if (isOfProxies(lower)) {
      // The others, proxies pass on as visitors wrote them.
      if (!rules.trustsForwarded || !BELIEVED.has(lower)) continue
      isForwarded ||= lower === 'x-forwarded-for'
    } else if (named?.has(lower)) continue
    const passed = rules.passes(lower, value)
    if (passed !== undefined) headers.push(name, lower === 'host' ? (rules.host ?? passed) : passed)
  }
  if (takesTrailers) headers.push('TE', 'trailers')
  if (rules.isUpgrade) headers.push('Connection', 'Upgrade', 'Upgrade', upgrade)
  else if (takesTrailers) headers.push('Connection', 'TE')
  headers.push(...forwardedHeaders(rules.forwarded, isForwarded))
  return headers
}

/** The headers of an answer as the visitor gets them. @param host of the tunnel, above which no cookie may be set. */
export function toVisitor(
  raw: RawHeaders,
  host: string,
  { isUpgrade = false, hasTrailers = false }: { isUpgrade?: boolean; hasTrailers?: boolean } = {},
): string[] {
  const named = namedByConnection(raw)
  const headers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const [name, value] = [raw[i] ?? '', raw[i + 1] ?? '']
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || named?.has(lower) || (lower === 'trailer' && !hasTrailers)) continue
    headers.push(name, lower === 'set-cookie' ? withinHost(value, host) : value)
  }
  if (isUpgrade) headers.push('Connection', 'Upgrade', 'Upgrade', valuesOf(raw, 'upgrade').join(', '))
  return headers
}

/** All values of a header. @param name in lower case. */
export function valuesOf(raw: RawHeaders, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i]?.length === name.length && raw[i]?.toLowerCase() === name) values.push(raw[i + 1] ?? '')
  return values
}

/** A cookie whose Domain is not its host, or below that, has none: it stays with the host that set it. */
function withinHost(cookie: string, host: string): string {
  return cookie.replace(/;\s*domain\s*=\s*([^;]*)/gi, (attribute, domain: string) => {
    const wanted = domain.trim().replace(/^\./, '').toLowerCase()
    return wanted === host || wanted.endsWith(`.${host}`) ? attribute : ''
  })
}

/** @param isForwarded whether the one before has said so in the older way, and is believed. */
function forwardedHeaders({ for: client, proto, host }: Forwarded, isForwarded: boolean): string[] {
  const node = client.includes(':') ? `"[${client}]"` : client
  const older = ['X-Forwarded-For', client, 'X-Forwarded-Host', host, 'X-Forwarded-Proto', proto]
  return [...(isForwarded ? [] : older), 'Forwarded', `for=${node};host="${host}";proto=${proto}`]
}

/** The trailers of a request as the service gets them: nothing in them that a header could not say. */
export function trailersToService(raw: RawHeaders, rules: Pick<RequestRules, 'passes'>): string[] {
  const trailers: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const [name, value] = [raw[i] ?? '', raw[i + 1] ?? '']
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || FRAMING.has(lower) || isOfProxies(lower)) continue
    const passed = rules.passes(lower, value)
    if (passed !== undefined) trailers.push(name, passed)
  }
  return trailers
}

/** What `Connection` names besides; undefined where that is nothing. */
function namedByConnection(raw: RawHeaders): Set<string> | undefined {
  const values = valuesOf(raw, 'connection').filter((value) => !/^(?:keep-alive|close|upgrade)$/i.test(value))
  if (values.length === 0) return undefined
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim().toLowerCase())
  return new Set(names.filter((name) => !FRAMING.has(name)))
}
