import { randomBytes } from 'node:crypto'
import type { Verification, WebhookConfig } from '../../../schemas/kinds/webhook.ts'
import { member } from '../../member.ts'
import { makeStandardSecret, standardKey, standardSecretProblem } from '../../secrets/standard-webhooks.ts'
import type { Delivery } from '../kind.ts'
import type { Claim, Signing } from './signature.ts'

type Headers = Delivery['headers']

/** How one sort of sender proves itself, and what it calls its events. */
export type Scheme = {
  /** What a request says of its signature; undefined where it does not say it in this scheme's way. */
  claim(headers: Headers, config: WebhookConfig): Claim | undefined
  signing(config: WebhookConfig): Signing
  /** The key that a secret stands for; undefined where it stands for none. */
  key(secret: string): Buffer | undefined
  makeSecret(): string
  /** What is wrong with a secret for this scheme, or undefined. */
  secretProblem(secret: string): string | undefined
  /** The headers that may name the event, so that one that comes again is known: the first one that is there does. */
  keyHeaders?: readonly string[]
  /** Where the body names the event. */
  keyInBody?: 'id' | 'event_id'
  /** Whether an event without a JSON body is refused. */
  wantsJson: boolean
  type(headers: Headers, body: unknown): unknown
}

/** As long as any secret has to be. */
const MIN_TOKEN_LENGTH = 8

const HEX_SHA256: Signing = { algorithm: 'sha256', encoding: 'hex' }

const plain = {
  signing: () => HEX_SHA256,
  key: (secret: string) => Buffer.from(secret),
  makeSecret: () => randomBytes(32).toString('hex'),
  secretProblem: () => undefined,
  wantsJson: false,
  type: (_headers: Headers, body: unknown) => member(body, 'type'),
}

/** Standard Webhooks 1.0, symmetric; Svix, where it comes from, puts its own name into the headers. */
const standardWebhooks: Scheme = {
  ...plain,
  claim(headers) {
    // By the same header as the key of the event: what is not signed must not name it.
    const sender = headers['webhook-id'] === undefined ? 'svix' : 'webhook'
    const id = headers[`${sender}-id`]
    const time = headers[`${sender}-timestamp`]
    const timestamp = seconds(time)
    // A dot would let the end of an id pass for a timestamp.
    if (id === undefined || id.includes('.') || timestamp === undefined) return undefined
    const signatures = signaturesIn(headers[`${sender}-signature`] ?? '', 'v1,')
    return { signed: `${id}.${time}.`, signatures, timestamp }
  },
  signing: () => ({ algorithm: 'sha256', encoding: 'base64' }),
  key: standardKey,
  makeSecret: makeStandardSecret,
  secretProblem: standardSecretProblem,
  keyHeaders: ['webhook-id', 'svix-id'],
}

const github: Scheme = {
  ...plain,
  claim: (headers) => prefixed(headers['x-hub-signature-256'], 'sha256='),
  keyHeaders: ['x-github-delivery'],
  type: (headers) => headers['x-github-event'],
}

const stripe: Scheme = {
  ...plain,
  claim(headers) {
    const parts = (headers['stripe-signature'] ?? '').split(',').map((part) => part.trim().split('='))
    const times = parts.filter(([name]) => name === 't').map(([, value]) => value)
    const timestamp = seconds(times[0])
    if (times.length !== 1 || timestamp === undefined) return undefined
    const signatures = parts.filter(([name]) => name === 'v1').map(([, value = '']) => value)
    return { signed: `${times[0]}.`, signatures, timestamp }
  },
  keyInBody: 'id',
  wantsJson: true,
}

const slack: Scheme = {
  ...plain,
  claim(headers) {
    const time = headers['x-slack-request-timestamp']
    const timestamp = seconds(time)
    const claim = prefixed(headers['x-slack-signature'], 'v0=')
    return claim && timestamp !== undefined ? { ...claim, signed: `v0:${time}:`, timestamp } : undefined
  },
  keyInBody: 'event_id',
  type: (_headers, body) => member(member(body, 'event'), 'type') ?? member(body, 'type'),
}

const hmac: Scheme = {
  ...plain,
  claim: (headers, { header = '', prefix = '' }) => prefixed(headers[header.toLowerCase()], prefix),
  signing: ({ algorithm = 'sha256', encoding = 'hex' }) => ({ algorithm, encoding }),
}

/** Those that sign. `token` and `none` only name their events. */
export const SCHEMES: Record<Verification, Scheme> = {
  standard_webhooks: standardWebhooks,
  github,
  stripe,
  slack,
  hmac,
  token: {
    ...plain,
    claim: () => undefined,
    secretProblem: (secret) =>
      tokenIn(secret).length < MIN_TOKEN_LENGTH
        ? `must have at least ${MIN_TOKEN_LENGTH} characters after Bearer`
        : undefined,
  },
  none: { ...plain, claim: () => undefined },
}

/** A token without its scheme, `Bearer`, which is no part of it: in a header as in the secret that somebody has copied from one. */
export function tokenIn(text: string): string {
  return text.replace(/^Bearer +/i, '')
}

/** Signatures over the body alone, each behind a fixed text. */
function prefixed(value: string | undefined, prefix: string): Claim | undefined {
  return value === undefined ? undefined : { signed: '', signatures: signaturesIn(value, prefix), timestamp: null }
}

/** The signatures in a header, each behind a fixed text: a sender that changes its secret signs with both, and lists them. */
function signaturesIn(value: string, prefix: string): string[] {
  const escaped = prefix.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  return [...value.matchAll(new RegExp(`(?<![^,\\s])${escaped}([^,\\s]+)`, 'g'))].map(([, signature = '']) => signature)
}

/** A time in whole seconds since 1970. */
function seconds(text: string | undefined): number | undefined {
  return /^\d{1,12}$/.test(text ?? '') ? Number(text) : undefined
}
