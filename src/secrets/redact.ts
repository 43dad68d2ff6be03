export const MASK = '•••'

const SECRET_NAME = /auth|cookie|token|secret|key|passw|signature|session|credential/
/** Their values say nothing that must be kept, and hiding them would spoil what is shown. */
const PLAIN_NAMES = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'content-language',
  'content-type',
  'idempotency-key',
  'origin',
  'prefer',
  'referer',
  'user-agent',
  'webhook-id',
  'webhook-timestamp',
])
// Shorter ones are no secrets, and masking them would leave no sentence whole.
const MIN_SECRET_LENGTH = 4
const MIN_UNKNOWN_LENGTH = 8
/** Looking for more in every text would take too long; then nothing is shown at all. */
const MAX_SECRETS = 200

/** Headers as a person may see them. Names in lower case. */
export function maskHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, isSecretHeader(name) ? MASK : value]))
}

/**
 * Makes a function that masks whatever was sent in headers, for an answer that echoes it: secrets as a whole and in
 * their parts (the token after `Bearer`, the password in `Basic`, each cookie), as they are and as JSON, URLs, HTML and
 * base64 write them. A header of an unknown name counts as a secret unless it is short.
 *
 * @param more secrets that were sent elsewhere, however short they are.
 * @returns a function that takes a text, and whether it was cut off: then an end that may be the beginning of a secret goes too.
 */
export function redactor(
  headers: Readonly<Record<string, string>>,
  more: Iterable<string> = [],
): (text: string, cutOff?: boolean) => string {
  const secrets = new Set(Object.entries(headers).flatMap(([name, value]) => secretsIn(name, value)))
  for (const secret of more) for (const each of [secret, secret.trim()]) if (each !== '') secrets.add(each)
  if (secrets.size > MAX_SECRETS) return () => MASK
  // The longest first: a part must not be taken out of a whole that would then stay.
  const spellings = [...new Set([...secrets].flatMap(spellingsOf))].sort((a, b) => b.length - a.length)
  const longest = spellings[0]?.length ?? 0
  return (text, cutOff = false) => {
    const masked = spellings.reduce((rest, spelling) => rest.replaceAll(spelling, MASK), text)
    return cutOff && longest > 1 ? masked.slice(0, 1 - longest).toWellFormed() : masked
  }
}

/** Whether the value of a header proves who sent it. Names in lower case. */
export function isSecretHeader(name: string): boolean {
  return SECRET_NAME.test(name) && !PLAIN_NAMES.has(name)
}

function secretsIn(name: string, value: string): string[] {
  if (PLAIN_NAMES.has(name)) return []
  if (!isSecretHeader(name)) return value.length < MIN_UNKNOWN_LENGTH ? [] : [value]
  const parts = [value, ...value.split(/[\s;,]+/).flatMap((part) => [part, part.slice(part.indexOf('=') + 1)])]
  const [, basic] = /^basic\s+(\S+)$/i.exec(value) ?? []
  if (basic !== undefined) {
    const pair = Buffer.from(basic, 'base64').toString()
    parts.push(pair, pair.slice(pair.indexOf(':') + 1))
  }
  const schemes = /^(?:basic|bearer|digest|token|apikey)$/i
  return parts.filter((part) => part.length >= MIN_SECRET_LENGTH && !schemes.test(part))
}

/** As programs write a text in JSON (Python and PHP escape all but ASCII, Go what HTML reads), URLs, HTML and base64. */
function spellingsOf(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1)
  const inUrl = encodeURIComponent(secret.toWellFormed())
  const inStrictUrl = inUrl.replaceAll(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)
  const inForm = new URLSearchParams({ '': secret.toWellFormed() }).toString().slice(1)
  const inHtml = secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
  const base64 = Buffer.from(secret).toString('base64')
  const unpadded = base64.replace(/=+$/, '')
  const json = [
    inJson,
    inJson.replaceAll('/', '\\/'),
    inJson.replaceAll(/[^\x20-\x7e]/g, unicodeEscape),
    inJson.replaceAll(/[&<>]/g, unicodeEscape),
  ]
  return [
    secret,
    ...json,
    ...json.map((text) => JSON.stringify(text).slice(1, -1)),
    ...[inUrl, inStrictUrl, inForm].flatMap((text) => [
      text,
      text.replaceAll('%20', '+'),
      text.replaceAll('%2F', '/'),
      text.replaceAll(/%[\dA-F]{2}/g, (each) => each.toLowerCase()),
    ]),
    ...inPath(secret),
    inHtml,
    inHtml.replaceAll("'", '&#39;'),
    inHtml.replaceAll("'", '&#x27;'),
    inHtml.replaceAll('&quot;', '&#34;').replaceAll("'", '&#39;'),
    base64,
    unpadded,
    unpadded.replaceAll('+', '-').replaceAll('/', '_'),
  ]
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** As a URL writes it that it stands in, in its path and in its query. */
function inPath(secret: string): string[] {
  const path = URL.parse(`http://x/${secret}`)?.pathname.slice(1) ?? ''
  const query = URL.parse(`http://x/?${secret}`)?.search.slice(1) ?? ''
  return [path, query].filter((text) => text.length >= MIN_SECRET_LENGTH)
}
