import { randomUUID } from 'node:crypto'
import { createClient } from '../../../.sdk/hey-api/client/index.ts'
import {
  type Automation,
  approveAutomation,
  createAutomation,
  createRole,
  createServiceAccount,
  createSpace,
  getAutomation,
  getMe,
  getRun,
  listAutomations,
  listOrganizations,
  listRuns,
  type Error as Refusal,
  register,
  runAutomation,
  updateAutomation,
} from '../../../.sdk/hey-api/index.ts'
import { check, done, given } from '../check.ts'

const baseUrl = given('HS_URL', process.env.HS_URL)
const clientOf = (auth?: string) => createClient({ baseUrl, ...(auth === undefined ? {} : { auth }) })

// Who asks, and where
const email = `${randomUUID()}@example.com`
const session = await register({
  client: clientOf(),
  body: { email, password: 'correct horse battery staple', organization_name: 'Hey API' },
})
const person = clientOf(given('a token', session.data?.access_token))
check('the caller is who registered', (await getMe({ client: person })).data?.email === email)
const organizations = await listOrganizations({ client: person })
const orgId = given('an organization', organizations.data?.organizations[0]?.id)
const space = await createSpace({ client: person, path: { orgId }, body: { name: 'Marketing' } })
const spaceId = given('a space', space.data?.id)
const role = await createRole({
  client: person,
  path: { orgId },
  body: { name: 'AI staff', permissions: ['files.read', 'files.write'] },
})
const account = await createServiceAccount({
  client: person,
  path: { orgId },
  body: { name: 'Drafting assistant', role_ids: [given('a role', role.data?.role.id)] },
})
const aiStaff = clientOf(given('a token of AI staff', account.data?.token))

// AI staff proposes, a person approves what it saw and runs it
// docs: begin
const { data: proposed, error } = await createAutomation({
  client: aiStaff,
  path: { orgId, spaceId },
  body: { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } },
})
if (!proposed) throw new Error(`${error.code}: ${error.error}`)
const { id: automationId, digest } = proposed.automation
const path = { orgId, spaceId, automationId }
await approveAutomation({ client: person, path, body: { digest } })
const { data: ran } = await runAutomation({ client: person, path, headers: { prefer: 'wait=20' } })
console.log(ran?.run.status)
// docs: end
check('it waits for approval', proposed.automation.status === 'pending_approval')
check('it ran', ran?.run.status === 'succeeded' && ran.run.trigger === 'manual')
const found = (await getAutomation({ client: person, path })).data?.automation
check('it is active', found?.status === 'active' && found.approved_digest === found.digest)
check('the kind tells the config', cronOf(given('the automation', found)) === '0 9 * * MON')

/** Only a `scheduled` automation has a cron: the compiler knows. */
function cronOf(automation: Automation): string | undefined {
  return automation.kind === 'scheduled' ? automation.config.cron : undefined
}

// Runs
const { data: runs } = await listRuns({ client: person, path })
check('the run is listed', runs?.runs.length === 1 && runs.runs[0]?.id === ran.run.id && runs.next_cursor === null)
const run = await getRun({ client: person, path: { ...path, runId: ran.run.id } })
check('a run by its id', run.data?.run.success === true)

// Pages
for (const name of ['Second', 'Third']) {
  const { data } = await createAutomation({
    client: person,
    path: { orgId, spaceId },
    body: { name, kind: 'scheduled', config: { every: 'PT6H', team: 'kept' } },
  })
  check('a key that the kind does not know is kept', data?.automation.config.team === 'kept')
}
const names: string[] = []
let cursor: string | undefined
do {
  const query = { limit: 2, ...(cursor === undefined ? {} : { cursor }) }
  const { data } = await listAutomations({ client: person, path: { orgId, spaceId }, query })
  names.push(...given('a page', data).automations.map(({ name }) => name))
  cursor = data?.next_cursor ?? undefined
} while (cursor !== undefined)
check('all pages, in order', names.join() === 'Third,Second,Weekly digest')
const paused = await updateAutomation({ client: person, path, body: { status: 'paused', description: null } })
check('it is paused', paused.data?.automation.status === 'paused')

// What goes wrong, by its code
const blank = { name: ' ', kind: 'webhook' as const }
const refusals: [number, string, Promise<{ error?: Refusal; response?: Response }>][] = [
  [400, 'name_and_kind_required', createAutomation({ client: person, path: { orgId, spaceId }, body: blank })],
  [401, 'unauthorized', getMe({ client: clientOf('nonsense') })],
  [403, 'service_account_cannot_approve', approveAutomation({ client: aiStaff, path })],
  [404, 'automation_not_found', getAutomation({ client: person, path: { ...path, automationId: randomUUID() } })],
  [409, 'automation_not_active', runAutomation({ client: person, path })],
]
for (const [status, code, answer] of refusals) {
  const { error, response } = await answer
  check(
    `${status} ${code}, not ${response?.status} ${error?.code}`,
    response?.status === status && error?.code === code,
  )
}
done()
