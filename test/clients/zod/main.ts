import { randomUUID } from 'node:crypto'
import { isAxiosError } from 'axios'
import { createApiClient, schemas } from '../../../.sdk/zod/hyperspeed.ts'
import { check, done, given } from '../check.ts'

const baseUrl = given('HS_URL', process.env.HS_URL)
const clientOf = (token?: string) =>
  createApiClient(baseUrl, {
    axiosConfig: { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } },
  })

// Who asks, and where
const email = `${randomUUID()}@example.com`
const session = await clientOf().register({
  email,
  password: 'correct horse battery staple',
  organization_name: 'Zod',
})
const person = clientOf(session.access_token)
check('the caller is who registered', (await person.getMe()).email === email)
const { organizations } = await person.listOrganizations()
const orgId = given('an organization', organizations[0]?.id)
const { id: spaceId } = await person.createSpace({ name: 'Marketing' }, { params: { orgId } })

// docs: begin
const { automation } = await person.createAutomation(
  { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' }, status: 'active' },
  { params: { orgId, spaceId } },
)
const params = { orgId, spaceId, automationId: automation.id }
const { run } = await person.runAutomation(undefined, { params, headers: { prefer: 'wait=20' } })
console.log(run.status)
// docs: end
check('it ran, and no body was sent', run.status === 'succeeded' && run.trigger === 'manual')
check('the kind tells the config', automation.kind === 'scheduled' && automation.config.cron === '0 9 * * MON')
const listed = await person.listAutomations({ params: { orgId, spaceId } })
check('it is listed', listed.automations.length === 1 && listed.automations[0]?.pending_revision === null)
const refused = schemas.AutomationCreate.safeParse({ name: 'x', kind: 'unknown' })
check('an unknown kind is refused before it is sent', !refused.success)
const unknown = { ...params, automationId: randomUUID() }
const refusal = await person.getAutomation({ params: unknown }).catch((error: unknown) => error)
check('an unknown one is told by its status', isAxiosError(refusal) && refusal.response?.status === 404)
done()
