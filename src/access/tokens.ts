import { hash, randomBytes } from 'node:crypto'

/** What a secret handed to a client begins with, so that one found in the wrong place tells what it is. */
export type TokenPrefix = 'sa_' | 'rt_' | 'inv_' | 'wh_' | 'tun_' | 'vis_' | 'con_'

const SECRET_BYTES = 32

/** A new secret of 256 random bits in base64url behind its prefix: 46 or 47 characters. */
export function newToken(prefix: TokenPrefix): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url')
}

/** SHA-256, the only form in which a token is stored. It is found by this hash, so nothing is compared byte by byte. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
