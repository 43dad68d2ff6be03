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
/** What only the last proxy can know. */
const OF_PROXIES = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']

/** What happens to the headers of a request on its way to the service. */
export type RequestRules = {
  forwarded: Forwarded
  /** What the service is asked for in place of the visitor's `Host`; undefined keeps that. */
  host: string | undefined
  /** What of a header's value passes; undefined leaves it out. The name is in lower case. */
  passes: (name: string, value: string) => string | undefined
  /** Of a request that asks for another protocol: that one goes on with it. */
  isUpgrade: boolean
  /** Whether what others said about who asks is believed. */
  trustsForwarded: boolean
}

/** The headers of a request as the service gets them: all but what is between two hops, and what is nobody's business there. */
export function toService(raw: RawHeaders, rules: RequestRules): string[] {
  const named = namedByConnection(raw)
  const headers: string[] = []
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || named.has(lower)) continue
    if (!rules.trustsForwarded && OF_PROXIES.includes(lower)) continue
    const passed = rules.passes(lower, value)
    if (passed !== undefined) headers.push(name, lower === 'host' ? (rules.host ?? passed) : passed)
  }
  const te = valuesOf(raw, 'te').some((value) => /\btrailers\b/i.test(value))
  if (te) headers.push('TE', 'trailers')
  if (rules.isUpgrade) headers.push('Connection', 'Upgrade', 'Upgrade', valuesOf(raw, 'upgrade').join(', '))
  else if (te) headers.push('Connection', 'TE')
  return rules.trustsForwarded && valuesOf(raw, 'x-forwarded-for').length > 0
    ? headers
    : [...headers, ...forwardedHeaders(rules.forwarded)]
}

/** The headers of an answer as the visitor gets them. @param host of the tunnel, above which no cookie may be set. */
export function toVisitor(raw: RawHeaders, host: string, isUpgrade = false): string[] {
  const named = namedByConnection(raw)
  const headers: string[] = []
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || named.has(lower)) continue
    headers.push(name, lower === 'set-cookie' ? withinHost(value, host) : value)
  }
  if (isUpgrade) headers.push('Connection', 'Upgrade', 'Upgrade', valuesOf(raw, 'upgrade').join(', '))
  return headers
}

/** All values of a header. @param name in lower case. */
export function valuesOf(raw: RawHeaders, name: string): string[] {
  return pairs(raw).flatMap(([each, value]) => (each.toLowerCase() === name ? [value] : []))
}

/** A cookie whose Domain is not its host, or below that, has none: it stays with the host that set it. */
function withinHost(cookie: string, host: string): string {
  return cookie.replace(/;\s*domain\s*=\s*([^;]*)/gi, (attribute, domain: string) => {
    const wanted = domain.trim().replace(/^\./, '').toLowerCase()
    return wanted === host || wanted.endsWith(`.${host}`) ? attribute : ''
  })
}

function forwardedHeaders({ for: client, proto, host }: Forwarded): string[] {
  const node = client.includes(':') ? `"[${client}]"` : client
  return [
    ...['X-Forwarded-For', client, 'X-Forwarded-Host', host, 'X-Forwarded-Proto', proto],
    ...['Forwarded', `for=${node};host="${host}";proto=${proto}`],
  ]
}

function namedByConnection(raw: RawHeaders): Set<string> {
  const names = valuesOf(raw, 'connection').flatMap((value) => value.split(','))
  return new Set(names.map((name) => name.trim().toLowerCase()))
}

function pairs(raw: RawHeaders): [name: string, value: string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? ''])
}
