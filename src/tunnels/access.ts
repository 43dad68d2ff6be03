import { timingSafeEqual } from 'node:crypto'
import { hashToken } from '../access/tokens.ts'
import { type RawHeaders, valuesOf } from './headers.ts'

/** Where a link leads that lets a browser in. It is answered here, and never passed on. */
export const ACCESS_PATH = '/.well-known/tunnel-access'
/** By this header programs show the token of visitors, and by this cookie browsers do. */
const HEADER = 'tunnel-access-token'
const COOKIE = '__Host-tunnel-access'
const COOKIE_SECONDS = 30 * 24 * 60 * 60

/** What every secret that this API hands out looks like (src/access/tokens.ts). */
const OWN_TOKEN = /(?:sa|rt|inv|tun|vis|con)_[\w-]{43}(?![\w-])/
const JWT = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g

/** Whether a request shows the token of visitors. @param hash SHA-256 of it; undefined lets nobody in. */
export function hasAccess(raw: RawHeaders, hash: Buffer | undefined): boolean {
  return [...valuesOf(raw, HEADER), ...cookiesIn(raw)].some((token) => isToken(token, hash))
}

/** Whether a text is the token with a hash. */
export function isToken(token: string, hash: Buffer | undefined): boolean {
  return timingSafeEqual(hashToken(token), hash ?? Buffer.alloc(32)) && hash !== undefined
}

/** The cookie that lets a browser in from now on. Browsers take it over TLS, and from localhost. */
export function accessCookie(token: string): string {
  return `${COOKIE}=${token}; Path=/; Max-Age=${COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax`
}

/**
 * What of a header goes on to the service: not what lets visitors in, and no credential of this API. Whatever else says who asks is
 * between the visitor and the service.
 *
 * @param isAccessToken whether a text is an access token of a person, as this API signs them.
 */
export function withoutCredentials(
  name: string,
  value: string,
  isAccessToken: (token: string) => boolean,
): string | undefined {
  if (name === HEADER) return undefined
  if (name === 'cookie') {
    const cookies = value.split(';')
    const passed = cookies.filter((each) => !each.trim().startsWith(`${COOKIE}=`) && !isOwn(each, isAccessToken))
    return passed.length === 0 ? undefined : passed.join(';').trim()
  }
  return isOwn(value, isAccessToken) ? undefined : value
}

function isOwn(text: string, isAccessToken: (token: string) => boolean): boolean {
  return OWN_TOKEN.test(text) || (text.includes('eyJ') && (text.match(JWT) ?? []).some(isAccessToken))
}

function cookiesIn(raw: RawHeaders): string[] {
  const cookies = valuesOf(raw, 'cookie').flatMap((value) => value.split(';'))
  return cookies.flatMap((each) => {
    const [name = '', ...value] = each.trim().split('=')
    return name === COOKIE ? [value.join('=')] : []
  })
}
