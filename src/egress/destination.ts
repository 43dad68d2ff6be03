import { EgressError } from './error.ts'

/** Where a request goes, out of a URL that was parsed once: nothing reads the text of the URL again. */
export type Destination = {
  origin: string
  /** Path and query as they are sent. */
  path: string
  /** A name, or a literal address without brackets. */
  host: string
  /** `host:port` as EGRESS_ALLOW has it: lower case, IPv6 in brackets, the port always there. */
  authority: string
}

const MAX_URL_LENGTH = 8192
const DEFAULT_PORT = new Map([
  ['http:', '80'],
  ['https:', '443'],
])

/**
 * Reads a URL as WHATWG's URL standard says, which turns every spelling of an IPv4 address (decimal, octal, hex, short,
 * full-width) into the dotted one.
 *
 * @throws EgressError `invalid_url` for what is not a plain http or https URL.
 */
export function parseDestination(text: string): Destination {
  if (text.length > MAX_URL_LENGTH)
    throw new EgressError('invalid_url', `the URL is longer than ${MAX_URL_LENGTH} characters`)
  // The standard drops tabs and line ends without a word. Whoever sends them means mischief or made a mistake.
  if (/\p{Cc}/u.test(text)) throw new EgressError('invalid_url', 'the URL contains a control character')
  const url = URL.parse(text)
  if (url === null) throw new EgressError('invalid_url', 'takes a whole URL like https://example.com/path')
  const defaultPort = DEFAULT_PORT.get(url.protocol)
  if (defaultPort === undefined) throw new EgressError('invalid_url', 'the URL must begin with https:// or http://')
  if (url.username !== '' || url.password !== '')
    throw new EgressError('invalid_url', 'the URL must not contain a user or password: use the Authorization header')
  return {
    origin: url.origin,
    path: url.pathname + url.search,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    authority: `${url.hostname}:${url.port || defaultPort}`,
  }
}

/**
 * Reads an entry of EGRESS_ALLOW, `host:port` with IPv6 in brackets.
 *
 * @returns it as {@link Destination} spells its authority, or undefined when it is something else.
 */
export function parseAllowEntry(entry: string): string | undefined {
  const text = entry.trim()
  if (!/^[^\s/?#@\\]+:\d{1,5}$/.test(text)) return undefined
  const url = URL.parse(`http://${text}`)
  return url === null ? undefined : `${url.hostname}:${url.port || '80'}`
}
