/** A token of RFC 9110, section 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\x20-\x7e]*$/
/**
 * What belongs to the connection (RFC 9110, section 7.6.1) or is derived from the URL and the body. `accept-encoding` is
 * among them because answers are read as they come, never decompressed.
 */
const OWN = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What is wrong with the name of a header that is to be sent; undefined when it is fine. */
export function headerNameProblem(name: string): string | undefined {
  if (!NAME.test(name)) return 'is not a name that a header can have'
  if (OWN.has(name.toLowerCase())) return 'is set by the program itself'
  return undefined
}

/** What is wrong with the value of a header that is to be sent, without repeating it; undefined when it is fine. */
export function headerValueProblem(value: string): string | undefined {
  return VALUE.test(value) ? undefined : 'takes printable ASCII, without line ends or other control characters'
}
