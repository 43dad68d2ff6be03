import { createHmac, randomBytes } from 'node:crypto'

/** The headers of a message signed by Standard Webhooks. */
export type SignatureHeaders = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string }

/**
 * Signs a message as the Standard Webhooks specification 1.0 says, symmetrically (`v1`).
 *
 * @param secrets base64, with `whsec_` before them or not. While one follows another, both sign: a receiver needs to know one.
 * @param id the same in every repetition of the message, and without a dot.
 * @param body the very bytes that are sent.
 * @param at when it is sent: receivers refuse what is more than five minutes off.
 */
export function signatureHeaders(secrets: readonly string[], id: string, body: Buffer, at: Date): SignatureHeaders {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    if (key.length === 0) throw new TypeError('the signing secret is empty')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

/** A new secret: 32 random bytes. */
export function makeStandardSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** The key that a secret stands for; undefined where it is not 24 to 64 bytes in base64, with `whsec_` before them or not. */
export function standardKey(secret: string): Buffer | undefined {
  const base64 = secret.replace(/^whsec_/, '')
  const key = Buffer.from(base64, 'base64')
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(base64)
  return isBase64 && key.length >= 24 && key.length <= 64 ? key : undefined
}

/** What keeps a text from being a secret, or undefined. */
export function standardSecretProblem(secret: string): string | undefined {
  return standardKey(secret) === undefined ? 'must be whsec_ and 24 to 64 bytes in base64' : undefined
}
