import { createHmac } from 'node:crypto'
import { sign as signGithub } from '@octokit/webhooks-methods'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import type { Verification } from '../../schemas/kinds/webhook.ts'
import type { Answer, TestApp } from './app.ts'

export type Signed = Exclude<Verification, 'none'>
type Options = { secret: string; id: string; at: Date }
type Sign = (body: string, options: Options) => Record<string, string> | Promise<Record<string, string>>

export type Sender = {
  config: Record<string, unknown>
  secret: string
  /** The headers that prove a body, as the sender's own library makes them where it has one. */
  sign(body: string, options?: Partial<Options>): Promise<Record<string, string>>
}

const STRIPE = new Stripe('sk_test_unused')
let count = 0
const newId = () => `msg_${process.pid}_${++count}`
const seconds = (at: Date) => Math.floor(at.getTime() / 1000)

function sender(config: Record<string, unknown>, secret: string, sign: Sign): Sender {
  return {
    config,
    secret,
    sign: async (body, options) => sign(body, { secret, id: newId(), at: new Date(), ...options }),
  }
}

const HMAC = { verification: 'hmac', header: 'X-Signature', algorithm: 'sha512', encoding: 'base64', prefix: 'v2:' }
const TOKEN = { verification: 'token', header: 'X-Gitlab-Token', event_key_header: 'X-Gitlab-Event-UUID' }

/** Everybody who may send, as they do it. */
export const SENDERS: Record<Signed, Sender> = {
  standard_webhooks: sender({}, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G', (body, { secret, id, at }) => ({
    'webhook-id': id,
    'webhook-timestamp': String(seconds(at)),
    'webhook-signature': new StandardWebhook(secret).sign(id, at, body),
  })),
  github: sender({ verification: 'github' }, "It's a Secret to Everybody", async (body, { secret, id }) => ({
    'x-hub-signature-256': await signGithub(secret, body),
    'x-github-delivery': id,
    'x-github-event': 'push',
  })),
  stripe: sender({ verification: 'stripe' }, 'whsec_test_7f3e0a9f8b2d4c6e', (payload, { secret, at }) => ({
    'stripe-signature': STRIPE.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds(at) }),
  })),
  // Slack's own library has no function that signs; test/src/kinds/webhook/interop.test.ts holds this against it.
  slack: sender({ verification: 'slack' }, '8f742231b10e8888abcd99yyyzzz85a5', (body, { secret, at }) => {
    const timestamp = String(seconds(at))
    const signature = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')
    return { 'x-slack-signature': `v0=${signature}`, 'x-slack-request-timestamp': timestamp }
  }),
  hmac: sender(HMAC, 'a shared secret of two programs', (body, { secret, id }) => ({
    'x-signature': `v2:${createHmac('sha512', secret).update(body).digest('base64')}`,
    'idempotency-key': id,
  })),
  token: sender(TOKEN, 'a token that both know', (_body, { secret, id }) => ({
    'x-gitlab-token': secret,
    'x-gitlab-event-uuid': id,
  })),
}

export type Hook = {
  /** The automation. */
  id: string
  /** Where its events come in. */
  path: string
  /** Sends a body as it is. */
  post(body: string | Buffer, headers: Record<string, string>): Promise<Answer>
}

/** Makes a webhook automation with a secret, and tells where its events come in. */
export async function makeHook(
  { send, owner, organizationId, spaceId }: TestApp,
  { config = {}, status = 'active', secret }: { config?: object; status?: string; secret?: string },
): Promise<Hook> {
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const { automation } = (await send(owner, 'POST', base, { name: 'Hook', kind: 'webhook', config, status })).body
  if (secret !== undefined) await send(owner, 'POST', `${base}/${automation.id}/webhook/secret`, { secret })
  const path = new URL(automation.trigger.url).pathname
  return { id: automation.id, path, post: (body, headers) => send(null, 'POST', path, body, headers) }
}
