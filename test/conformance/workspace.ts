import { type Call, clientOf, type DemoVariables } from '../support/demo.ts'

/** Ids that are there, by the names that the configuration of Schemathesis has for them. */
export type Workspace = Record<string, string>

/**
 * Makes, beside the demo workspace, one of everything that an operation can be about, and a spare of whatever an
 * operation destroys. The server has one organization and a worker.
 */
export async function prepareWorkspace({ HS, ORG, SPACE, EMAIL, PASSWORD }: DemoVariables): Promise<Workspace> {
  const { access_token: token } = await clientOf(HS)('POST', '/auth/login', { email: EMAIL, password: PASSWORD })
  const owner = clientOf(HS, token)
  const organization = `/organizations/${ORG}`
  const space = `${organization}/spaces/${SPACE}`
  const { automations } = await owner('GET', `${space}/automations`)
  const named = (name: string) => automations.find((each: { name: string }) => each.name === name).id
  const heartbeat = named('Heartbeat')
  const { run } = await owner('POST', `${space}/automations/${heartbeat}/run`, undefined, { prefer: 'wait=60' })
  const { chat_rooms: rooms } = await owner('GET', `${space}/chat-rooms`)
  return {
    ALICE_TOKEN: token,
    ORG_ID: ORG,
    SPACE_ID: SPACE,
    AUTOMATION_ID: heartbeat,
    EDITED_AUTOMATION_ID: named('Weekly digest'),
    PROPOSED_AUTOMATION_ID: named('Launch announcement'),
    SPARE_AUTOMATION_ID: named('Deployments'),
    RUN_ID: run.id,
    CHAT_ROOM_ID: rooms[0].id,
    ...(await prepareWebhook(owner, HS, space)),
    ...(await prepareOrganization(owner, organization)),
    ...(await preparePeople(owner, HS, organization)),
  }
}

/** A webhook that takes anything, and one event that it took. */
async function prepareWebhook(owner: Call, base: string, space: string): Promise<Workspace> {
  const config = { verification: 'none', channel: 'general', message: 'Something came.' }
  const body = { name: 'Doorbell', kind: 'webhook', config, status: 'active' }
  const { automation } = await owner('POST', `${space}/automations`, body)
  const { pathname } = new URL(automation.trigger.url)
  await fetch(`${base}${pathname}`, { method: 'POST', body: '{"rang": true}' })
  const { events } = await owner('GET', `${space}/automations/${automation.id}/events`)
  return {
    WEBHOOK_ID: automation.id,
    HOOK_ID: pathname.split('/').at(-1) ?? '',
    EVENT_ID: events[0].id,
  }
}

async function prepareOrganization(owner: Call, organization: string): Promise<Workspace> {
  const role = async (name: string) =>
    (await owner('POST', `${organization}/roles`, { name, permissions: ['files.read'] })).role.id
  const account = async (name: string) =>
    (await owner('POST', `${organization}/service-accounts`, { name })).service_account.id
  return {
    ROLE_ID: await role('Reader'),
    SPARE_ROLE_ID: await role('Spare'),
    SERVICE_ACCOUNT_ID: await account('Reader'),
    SPARE_SERVICE_ACCOUNT_ID: await account('Spare'),
    SPARE_SPACE_ID: (await owner('POST', `${organization}/spaces`, { name: 'Spare' })).id,
  }
}

/** Two members, two who wait to be let in, and an invite that nobody has taken. */
async function preparePeople(owner: Call, base: string, organization: string): Promise<Workspace> {
  const anybody = clientOf(base)
  const invite = async () => (await owner('POST', `${organization}/invites`, {})).token
  const register = async (email: string, way: object) => {
    const session = await anybody('POST', '/auth/register', { email, password: 'correct horse battery', ...way })
    return clientOf(base, session.access_token)('GET', '/me')
  }
  const member = await register('grace@example.com', { invite_token: await invite() })
  const spare = await register('linus@example.com', { invite_token: await invite() })
  await owner('PATCH', `${organization}/features`, { open_signups_enabled: true })
  await register('edsger@example.com', {})
  await register('barbara@example.com', {})
  const { signup_requests: waiting } = await owner('GET', `${organization}/signup-requests`)
  return {
    MEMBER_ID: member.id,
    SPARE_MEMBER_ID: spare.id,
    INVITE_TOKEN: await invite(),
    REQUEST_ID: waiting[0].id,
    SPARE_REQUEST_ID: waiting[1].id,
  }
}
