import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { type Automation, asking, logIn, type Run, readSettings } from './api.ts'

const settings = readSettings('A push to a repository on GitHub becomes a message, if GitHub really sent it.')
const person = asking(settings, await logIn(settings))

type Webhook = Automation & { trigger: { url: string } }
const { automation } = await person<{ automation: Webhook }>('POST', 'automations', {
  name: 'Pushes',
  kind: 'webhook',
  config: {
    verification: 'github',
    channel: 'general',
    message: '{{ event.body.pusher.name }} pushed to {{ event.body.ref }}',
  },
  status: 'active',
})

// In the settings of the repository, under Webhooks: this address, `application/json`, and this secret.
const secret = randomBytes(24).toString('base64url')
await person('POST', `automations/${automation.id}/webhook/secret`, { secret })
console.log(`GitHub delivers to ${automation.trigger.url}`)

/** Delivers an event as GitHub does. */
async function deliver(body: string, id: string, key: string): Promise<Response> {
  const signature = createHmac('sha256', key).update(body).digest('hex')
  return fetch(automation.trigger.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'X-GitHub-Event': 'push',
      'X-GitHub-Delivery': id,
      'X-Hub-Signature-256': `sha256=${signature}`,
    },
    body,
  })
}

const push = JSON.stringify({ ref: 'refs/heads/main', pusher: { name: 'grace' } })
const id = randomUUID()
type Receipt = { event_id: string; run_id: string; duplicate: boolean }
const first = (await (await deliver(push, id, secret)).json()) as Receipt
console.log(`the push is taken: event ${first.event_id}`)
const again = (await (await deliver(push, id, secret)).json()) as Receipt
console.log(
  `delivered again, it ${again.event_id === first.event_id ? 'is the same event and runs nothing' : 'is new'}`,
)
const forged = await deliver(push, randomUUID(), 'a guess')
console.log(`signed by somebody else, it is refused: ${forged.status}`)

/** The run that an event set off, once it has ended. */
async function ended(runId: string): Promise<Run> {
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    const { run } = await person<{ run: Run }>('GET', `automations/${automation.id}/runs/${runId}`)
    if (!['queued', 'running'].includes(run.status)) return run
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the run did not end within 30 seconds')
}
const run = await ended(first.run_id)
console.log(`its run ${run.status}${run.error_message === null ? '' : `: ${run.error_message}`}`)

await person('DELETE', `automations/${automation.id}`)
console.log('and the webhook is deleted')
