import { randomUUID } from 'node:crypto'
import createClient from 'openapi-fetch'
import type { components, paths } from '../../../.sdk/openapi-fetch/hyperspeed.d.ts'
import { check, done, given } from '../check.ts'

type Schemas = components['schemas']

const baseUrl = given('HS_URL', process.env.HS_URL)
const clientOf = (token: string) => createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } })

// Who asks, and where
const anonymous = createClient<paths>({ baseUrl })
const email = `${randomUUID()}@example.com`
const session = await anonymous.POST('/api/v1/auth/register', {
  body: { email, password: 'correct horse battery staple', organization_name: 'OpenAPI fetch' },
})
const person = clientOf(given('a token', session.data?.access_token))
check('the caller is who registered', (await person.GET('/api/v1/me')).data?.email === email)
const organizations = await person.GET('/api/v1/organizations')
const orgId = given('an organization', organizations.data?.organizations[0]?.id)
const space = await person.POST('/api/v1/organizations/{orgId}/spaces', {
  params: { path: { orgId } },
  body: { name: 'Marketing' },
})
const spaceId = given('a space', space.data?.id)
const role = await person.POST('/api/v1/organizations/{orgId}/roles', {
  params: { path: { orgId } },
  body: { name: 'AI staff', permissions: ['files.read', 'files.write'] },
})
const account = await person.POST('/api/v1/organizations/{orgId}/service-accounts', {
  params: { path: { orgId } },
  body: { name: 'Drafting assistant', role_ids: [given('a role', role.data?.role.id)] },
})
const aiStaff = clientOf(given('a token of AI staff', account.data?.token))

// AI staff proposes, a person approves what it saw and runs it
// docs: begin
const automations = '/api/v1/organizations/{orgId}/spaces/{spaceId}/automations'
const { data: proposed, error } = await aiStaff.POST(automations, {
  params: { path: { orgId, spaceId } },
  body: { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } },
})
if (!proposed) throw new Error(`${error.code}: ${error.error}`)
const { id: automationId, digest } = proposed.automation
const path = { orgId, spaceId, automationId }
await person.POST(`${automations}/{automationId}/approve`, { params: { path }, body: { digest } })
const { data: ran } = await person.POST(`${automations}/{automationId}/run`, {
  params: { path, header: { prefer: 'wait=20' } },
})
console.log(ran?.run.status)
// docs: end
check('it waits for approval', proposed.automation.status === 'pending_approval')
check('it ran', ran?.run.status === 'succeeded' && ran.run.trigger === 'manual')
const found = (await person.GET(`${automations}/{automationId}`, { params: { path } })).data?.automation
check('it is active', found?.status === 'active' && found.approved_digest === found.digest)
check('the kind tells the config', cronOf(given('the automation', found)) === '0 9 * * MON')

/** Only a `scheduled` automation has a cron: the compiler knows. */
function cronOf(automation: Schemas['Automation']): string | undefined {
  return automation.kind === 'scheduled' ? automation.config.cron : undefined
}

// Runs
const { data: runs } = await person.GET(`${automations}/{automationId}/runs`, { params: { path } })
check('the run is listed', runs?.runs.length === 1 && runs.runs[0]?.id === ran.run.id && runs.next_cursor === null)
const runId = ran.run.id
const run = await person.GET(`${automations}/{automationId}/runs/{runId}`, { params: { path: { ...path, runId } } })
check('a run by its id', run.data?.run.success === true)

// Pages
for (const name of ['Second', 'Third']) {
  const body = { name, kind: 'scheduled' as const, config: { every: 'PT6H', team: 'kept' } }
  const { data } = await person.POST(automations, { params: { path: { orgId, spaceId } }, body })
  check('a key that the kind does not know is kept', data?.automation.config.team === 'kept')
}
const names: string[] = []
let cursor: string | undefined
do {
  const query = { limit: 2, ...(cursor === undefined ? {} : { cursor }) }
  const { data } = await person.GET(automations, { params: { path: { orgId, spaceId }, query } })
  names.push(...given('a page', data).automations.map(({ name }) => name))
  cursor = data?.next_cursor ?? undefined
} while (cursor !== undefined)
check('all pages, in order', names.join() === 'Third,Second,Weekly digest')
const paused = await person.PATCH(`${automations}/{automationId}`, {
  params: { path },
  body: { status: 'paused', description: null },
})
check('it is paused', paused.data?.automation.status === 'paused')

// What goes wrong, by its code
const blank = { name: ' ', kind: 'webhook' as const }
const refusals: [number, string, Promise<{ error?: Schemas['Error']; response: Response }>][] = [
  [400, 'name_and_kind_required', person.POST(automations, { params: { path: { orgId, spaceId } }, body: blank })],
  [401, 'unauthorized', clientOf('nonsense').GET('/api/v1/me')],
  [403, 'service_account_cannot_approve', aiStaff.POST(`${automations}/{automationId}/approve`, { params: { path } })],
  [404, 'automation_not_found', person.GET(`${automations}/{automationId}`, { params: { path: unknown() } })],
  [409, 'automation_not_active', person.POST(`${automations}/{automationId}/run`, { params: { path } })],
]
for (const [status, code, answer] of refusals) {
  const { error, response } = await answer
  check(`${status} ${code}, not ${response.status} ${error?.code}`, response.status === status && error?.code === code)
}
done()

function unknown() {
  return { ...path, automationId: randomUUID() }
}
