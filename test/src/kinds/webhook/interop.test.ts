import { verify as verifyGithub } from '@octokit/webhooks-methods'
import { isValidSlackRequest } from '@slack/bolt'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import t from 'tap'
import { webhook } from '../../../../src/kinds/webhook/index.ts'
import { SENDERS, type Signed } from '../../../support/webhooks.ts'

// What each sender's own library signs is accepted here, and what it refuses is refused here: the same headers, bodies and
// secrets go to both.

type Headers = Record<string, string>

/** The verdict of the sender's own library. */
const ORACLES: Partial<Record<Signed, (body: string, headers: Headers, secret: string) => Promise<boolean>>> = {
  standard_webhooks: async (body, headers, secret) => passes(() => new StandardWebhook(secret).verify(body, headers)),
  github: (body, headers, secret) => verifyGithub(secret, body, headers['x-hub-signature-256'] ?? ''),
  stripe: async (body, headers, secret) =>
    passes(() => new Stripe('sk_unused').webhooks.constructEvent(body, headers['stripe-signature'] ?? '', secret)),
  slack: async (body, headers, signingSecret) =>
    isValidSlackRequest({
      signingSecret,
      body,
      headers: {
        'x-slack-signature': headers['x-slack-signature'] ?? '',
        'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
      },
    }),
}

const BODIES = [
  '{"id":"evt_1","type":"invoice.paid"}',
  '{ "id": "evt_2", "text": "žluťoučký 🐎 \\u00e9" }',
  '{"id":"x"}\n',
]

for (const [name, oracle] of Object.entries(ORACLES) as [Signed, NonNullable<(typeof ORACLES)[Signed]>][]) {
  t.test(`${name}: the same verdict as its own library`, async (t) => {
    const sender = SENDERS[name]
    const { config, secret } = sender
    const ours = (body: string, headers: Headers, secrets: string[]) =>
      webhook.intake?.verify(config, { headers, bytes: Buffer.from(body) }, secrets, new Date())
    const other = `${secret.slice(0, -4)}AAAA`
    for (const body of BODIES) {
      const headers = await sender.sign(body)
      const agreed = async (what: string, expected: boolean, verdict: [string, Headers, string]) => {
        t.equal(await oracle(...verdict), expected, `${what}: the library`)
        t.equal(ours(verdict[0], verdict[1], [verdict[2]]), expected, `${what}: here`)
      }
      await agreed('genuine', true, [body, headers, secret])
      await agreed('another secret', false, [body, headers, other])
      await agreed('written anew', false, [JSON.stringify(JSON.parse(body), null, 1), headers, secret])
      t.equal(ours(body, headers, [other, secret]), true, 'the secret before')
      const stale = await sender.sign(body, { at: new Date(Date.now() - 301_000) })
      if (name !== 'github') await agreed('stale', false, [body, stale, secret])
    }
  })
}

async function passes(check: () => unknown): Promise<boolean> {
  try {
    await check()
    return true
  } catch {
    return false
  }
}
