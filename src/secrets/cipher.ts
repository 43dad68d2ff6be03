import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Keys by id, 32 bytes each. The first one encrypts; the others only decrypt what was written before a rotation. */
export type KeyRing = ReadonlyMap<string, Buffer>

/**
 * Where a ciphertext belongs. It is authenticated with the ciphertext, so that one moved to another row, column or
 * version does not open.
 */
export type Place = { table: string; id: string; column: string; version: number }

const DEFAULT_KEY_ID = 'k1'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Reads `base64` or `kid:base64,kid:base64`. A bare key has the id `k1`.
 *
 * @returns undefined when a key is not 32 bytes or an id is odd or doubled.
 */
export function parseKeyRing(text: string): KeyRing | undefined {
  const ring = new Map<string, Buffer>()
  for (const entry of text.split(',')) {
    const [, kid = DEFAULT_KEY_ID, base64 = ''] = /^(?:([\w-]{1,32}):)?([A-Za-z0-9+/]{43}=?)$/.exec(entry.trim()) ?? []
    const key = Buffer.from(base64, 'base64')
    if (key.length !== 32 || ring.has(kid)) return undefined
    ring.set(kid, key)
  }
  return ring
}

export type Cipher = {
  /** The id of the key that encrypts, with which every ciphertext of it begins. */
  readonly keyId: string
  /** AES-256-GCM with a fresh nonce (NIST SP 800-38D). @returns `kid.nonce.ciphertext.tag` in base64url. */
  encrypt(plaintext: string, place: Place): string
  /** @throws when the key is not in the ring, or the text was not encrypted for exactly this place. */
  decrypt(ciphertext: string, place: Place): string
}

/** A cipher over a ring of at least one key. */
export function createCipher(ring: KeyRing): Cipher {
  const [first] = ring
  if (first === undefined) throw new Error('a key ring needs at least one key')
  const [currentKid, currentKey] = first
  return {
    keyId: currentKid,
    encrypt(plaintext, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', currentKey, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(additionalData(currentKid, place))
      const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return [currentKid, ...[nonce, body, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.')
    },
    decrypt(ciphertext, place) {
      const [kid = '', ...encoded] = ciphertext.split('.')
      const key = ring.get(kid)
      if (key === undefined) throw new Error(`no key "${kid}" in HS_ENCRYPTION_KEY`)
      const [nonce, body, tag] = encoded.map((part) => Buffer.from(part, 'base64url'))
      if (nonce?.length !== NONCE_BYTES || body === undefined || tag?.length !== TAG_BYTES)
        throw new Error('not a ciphertext')
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(additionalData(kid, place))
      decipher.setAuthTag(tag)
      return decipher.update(body, undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

/** JSON, so that no two places can be spelled alike. */
function additionalData(kid: string, place: Place): Buffer {
  return Buffer.from(JSON.stringify([kid, place.table, place.id, place.column, place.version]))
}
