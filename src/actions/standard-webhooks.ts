import { createHmac } from 'node:crypto'

/** The headers of a message signed by Standard Webhooks. */
export type SignatureHeaders = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string }

/**
 * Signs a message as the Standard Webhooks specification 1.0 says, symmetrically (`v1`).
 *
 * @param secret base64, with `whsec_` before it or not.
 * @param id the same in every repetition of the message, and without a dot.
 * @param body the very bytes that are sent.
 * @param at when it is sent: receivers refuse what is more than five minutes off.
 */
export function signatureHeaders(secret: string, id: string, body: Buffer, at: Date): SignatureHeaders {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length === 0) throw new TypeError('the signing secret is empty')
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
