import { type Automation, asking, logIn, type Run, readSettings } from './api.ts'

const settings = readSettings('A person schedules a message, sees when it is due, and does not wait for it.')
const person = asking(settings, await logIn(settings))

const config = {
  cron: '0 9 * * MON-FRI',
  timezone: 'Europe/Berlin',
  channel: 'general',
  message: 'Good morning! This is {{ automation.name }}.',
}

// Before anything is made: when it would run, and what it would say.
type Preview = { next_runs: { at_utc: string; at_local: string }[]; warnings: string[] }
const { preview } = await person<{ preview: Preview }>('POST', 'automations/preview', { kind: 'scheduled', config })
for (const { at_utc: utc, at_local: local } of preview.next_runs.slice(0, 3)) console.log(`  ${local} (${utc})`)

const { automation } = await person<{ automation: Automation }>('POST', 'automations', {
  name: 'Good morning',
  kind: 'scheduled',
  config,
  status: 'active',
})
console.log(`"${automation.name}" is ${automation.status}, and due at ${automation.next_run_at}`)

// Now, besides: the answer comes once the run has ended, or after 20 seconds.
const { run } = await person<{ run: Run }>('POST', `automations/${automation.id}/run`, undefined, { Prefer: 'wait=20' })
console.log(`run ${run.id} ${run.status}${run.error_message === null ? '' : `: ${run.error_message}`}`)

// What it said, where it said it.
const { chat_rooms: rooms } = await person<{ chat_rooms: { id: string; name: string }[] }>('GET', 'chat-rooms')
const room = rooms.find(({ name }) => name === config.channel)
type Message = { content: string; created_at: string }
const { messages } = await person<{ messages: Message[] }>('GET', `chat-rooms/${room?.id}/messages?limit=20`)
console.log(`in #${room?.name}: ${messages.find(({ content }) => content.includes(automation.name))?.content}`)

await person('DELETE', `automations/${automation.id}`)
console.log('and deleted it')
