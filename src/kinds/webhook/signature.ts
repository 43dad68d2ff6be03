import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export type Algorithm = 'sha256' | 'sha384' | 'sha512'
export type Encoding = 'hex' | 'base64'

/** What a request says of its signature: `signed` stands before the body in what was signed. */
export type Claim = { signed: string; signatures: readonly string[]; timestamp: number | null }

/** How a scheme signs. */
export type Signing = { algorithm: Algorithm; encoding: Encoding }

const TOLERANCE_SECONDS = 300
/** More than any sender sends while it rotates its secrets. */
const MAX_SIGNATURES = 20
const NO_CLAIM: Claim = { signed: '', signatures: [], timestamp: null }
/** Stands in where there is no secret, so that a hook without one takes as long. Nobody can sign with it. */
const NOBODYS_KEY = randomBytes(32)

/**
 * Whether one of two keys signed a body. A refusal takes the same work whatever the reason: two signatures over the body.
 *
 * @param keys the present key and the one before, either of which may be missing.
 */
export function isSigned(
  claim: Claim | undefined,
  bytes: Buffer,
  keys: readonly (Buffer | undefined)[],
  { algorithm, encoding }: Signing,
  now: Date,
): boolean {
  const { signed, signatures, timestamp } = claim ?? NO_CLAIM
  const isFresh = timestamp === null || Math.abs(now.getTime() / 1000 - timestamp) <= TOLERANCE_SECONDS
  for (const key of [keys[0] ?? NOBODYS_KEY, keys[1] ?? NOBODYS_KEY]) {
    const expected = createHmac(algorithm, key).update(signed).update(bytes).digest(encoding)
    const given = signatures.slice(0, MAX_SIGNATURES)
    const isIt = given.some((each) => isSame(encoding === 'hex' ? each.toLowerCase() : each, expected))
    if (isIt && isFresh) return true
  }
  return false
}

/** Whether a token is one of two. Refusing it takes as long as refusing a signature. */
export function isToken(given: string, secrets: readonly string[], bytes: Buffer, now: Date): boolean {
  const presented = sha256(given)
  const isIt = secrets.slice(0, 2).some((secret) => timingSafeEqual(presented, sha256(secret)))
  return isIt || isSigned(undefined, bytes, [], { algorithm: 'sha256', encoding: 'hex' }, now)
}

/** Compares in constant time. The length is no secret. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
