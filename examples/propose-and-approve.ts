import { type Automation, asking, logIn, Refusal, readSettings } from './api.ts'

const settings = readSettings('AI staff proposes an automation; a person looks at it and approves exactly that.')
const staff = asking(settings, settings.AI_TOKEN)
const person = asking(settings, await logIn(settings))

// AI staff asks for `active`, and gets `pending_approval`. With the key, a retry would not propose it twice.
const { automation } = await staff<{ automation: Automation }>(
  'POST',
  'automations',
  {
    name: 'Evening summary',
    kind: 'scheduled',
    config: { cron: '0 18 * * MON-FRI', channel: 'general' },
    status: 'active',
    description: 'People asked for it in the stand-up.',
  },
  { 'Idempotency-Key': crypto.randomUUID() },
)
console.log(`AI staff proposed "${automation.name}": it is ${automation.status}`)

// It can't make it active by itself.
await staff('PATCH', `automations/${automation.id}`, { status: 'active' }).catch((error: unknown) => {
  if (!(error instanceof Refusal)) throw error
  console.log(`AI staff can't activate it: ${error.status} ${error.code}`)
})

// What waits for a person, with what would change. The digest stands for exactly what is shown here.
type Review = { automation_id: string; digest: string; changes: { path: string; after: unknown }[] }
const { reviews } = await person<{ reviews: Review[] }>('GET', `/api/v1/organizations/${settings.ORG}/reviews`)
const review = reviews.find((each) => each.automation_id === automation.id)
if (review === undefined) throw new Error('the proposal does not wait for anybody')
for (const { path, after } of review.changes) console.log(`  ${path}: ${JSON.stringify(after)}`)

// Had it changed since, this would be 409 with the differences.
const { digest } = review
const approved = await person<{ automation: Automation }>('POST', `automations/${automation.id}/approve`, { digest })
console.log(`a person approved it: it is ${approved.automation.status}, and due at ${approved.automation.next_run_at}`)

await person('DELETE', `automations/${automation.id}`)
console.log('and deleted it')
