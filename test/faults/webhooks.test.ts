import { setTimeout as wait } from 'node:timers/promises'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import t from 'tap'
import { testApp } from '../support/app.ts'
import { type RunningServer, SECRETS, startServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { makeHook, SENDERS } from '../support/webhooks.ts'

const KILLS = 2
const EVENTS_A_LIFE = 60

t.test('a server that is killed over and over loses no event that it acknowledged, and doubles none', async (t) => {
  const app = await testApp(t)
  const { db, databaseUrl } = app
  const { secret } = SENDERS.standard_webhooks
  const hook = await makeHook(app, { config: { channel: 'ledger', message: '{{ event.key }}' }, secret })
  let server: RunningServer | undefined
  const start = async (role: string) => {
    server = await startServer(t, { ...SECRETS, DATABASE_URL: databaseUrl, ROLE: role })
  }
  await start('api')

  // The ledger: what each event was answered. One without an answer is sent again, as a sender would.
  const ledger = new Map<string, { event_id: string; run_id: string }>()
  let count = 0
  let isSending = true
  const send = async () => {
    while (isSending) {
      const id = `msg_${++count}`
      const body = JSON.stringify({ type: 'counted', id })
      while (!ledger.has(id)) {
        try {
          const at = new Date()
          const headers = {
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
            'webhook-signature': new StandardWebhook(secret).sign(id, at, body),
          }
          const answer = await fetch(`${server?.base}${hook.path}`, { method: 'POST', headers, body })
          const receipt = (await answer.json()) as { event_id: string; run_id: string }
          if (answer.status === 202) ledger.set(id, receipt)
          else if (answer.status !== 503) t.fail(`unexpected ${answer.status} ${JSON.stringify(receipt)}`)
        } catch {
          await wait(20) // the server is away: try again
        }
      }
    }
  }
  const senders = Array.from({ length: 8 }, send)
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = ledger.size
    await until(async () => ledger.size >= before + EVENTS_A_LIFE, 60_000)
    server?.child.kill('SIGKILL')
    await server?.exited
    // What is killed runs nothing, so that no run has to wait until it is missed; the last one runs all that is left.
    await start(kill < KILLS ? 'api' : 'all')
  }
  isSending = false
  await Promise.all(senders)

  const runs = () => db.selectFrom('automation_runs').select(['id', 'event_id', 'status']).execute()
  await until(async () => (await runs()).every(({ status }) => status === 'succeeded'), 60_000)
  const events = await db.selectFrom('webhook_events').select(['id', 'event_key', 'run_id']).execute()
  t.ok(ledger.size >= KILLS * EVENTS_A_LIFE)
  t.equal(events.length, ledger.size, 'an event for each')
  const kept = new Map(events.map((event) => [event.event_key, event]))
  const lost = [...ledger].filter(([id, { event_id, run_id }]) => {
    const event = kept.get(id)
    return event?.id !== event_id || event.run_id !== run_id
  })
  t.same(lost, [], 'each is there, under the ids that were answered')
  t.same(
    (await runs()).map(({ id, event_id }) => `${event_id} ${id}`).sort(),
    [...ledger.values()].map(({ event_id, run_id }) => `${event_id} ${run_id}`).sort(),
    'one run each',
  )
  const said = await db.selectFrom('chat_messages').select('content').execute()
  t.same(said.map(({ content }) => content).sort(), [...ledger.keys()].sort(), 'and each was said once')
})
