import t from 'tap'
import { testApp } from '../../support/app.ts'
import { operationsOf } from '../../support/operations.ts'

type Schema = { $ref?: string; properties?: Record<string, Schema>; items?: Schema; allOf?: Schema[]; oneOf?: Schema[] }
type Link = { operationId: string; parameters: Record<string, string> }
type Answer = { content?: Record<string, { schema: Schema }>; links?: Record<string, Link> }
type Operation = { operationId: string; parameters?: { name: string; in: string }[]; responses: Record<string, Answer> }
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } }

t.test('every link leads from a field of its answer to a whole request', async (t) => {
  const { app } = await testApp(t)
  const { paths, components }: Document = JSON.parse(JSON.stringify(app.swagger()))
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))

  /** Whether a schema, or one of those that it is made of, has the field at this pointer. */
  const has = (schema: Schema | undefined, [key, ...rest]: string[]): boolean => {
    if (schema === undefined || key === undefined) return schema !== undefined
    if (schema.$ref !== undefined) return has(components.schemas[schema.$ref.split('/').at(-1) ?? ''], [key, ...rest])
    const parts = [...(schema.allOf ?? []), ...(schema.oneOf ?? [])]
    if (parts.some((part) => has(part, [key, ...rest]))) return true
    return key === '0' ? has(schema.items, rest) : has(schema.properties?.[key], rest)
  }

  const links = operations.flatMap(({ operationId, responses }) =>
    Object.values(responses).flatMap(({ content, links = {} }) =>
      Object.values(links).map((link) => ({
        from: operationId,
        schema: content?.['application/json']?.schema,
        ...link,
      })),
    ),
  )
  t.ok(links.length > 50)
  for (const { from, schema, operationId, parameters } of links) {
    const target = operations.find((each) => each.operationId === operationId)
    const needed = target?.parameters?.filter((each) => each.in === 'path').map(({ name }) => name)
    const given = Object.keys(parameters).filter((name) => !name.startsWith('header.'))
    t.same(given.sort(), needed?.sort(), `${from} → ${operationId}`)
    for (const expression of Object.values(parameters)) {
      const [, pointer] = /^\$response\.body#\/(.+)$/.exec(expression) ?? []
      if (pointer !== undefined) t.ok(has(schema, pointer.split('/')), `${from} → ${operationId}: ${expression}`)
    }
  }
})

/** What the example of a body can't know, and how it is refused then. */
const REFUSED: Record<string, string> = {
  register: '403 single_org_exists',
  login: '401 invalid_credentials',
  logInToConsole: '403 origin_not_allowed',
  refreshSession: '401 invalid_refresh_token',
  createOrganization: '403 single_org_exists',
  approveAutomation: '404 automation_not_pending',
  rejectAutomation: '404 automation_not_pending',
  withdrawProposal: '404 automation_not_pending',
  invokeAgentTool: '403 service_accounts_only',
  replayWebhookEvents: '409 automation_not_active',
  runAutomation: '409 automation_not_active',
  resolveRun: '400 invalid_id',
  createServiceAccount: '400 unknown_role',
  updateServiceAccount: '404 service_account_not_found',
  setMemberRoles: '400 unknown_role',
  setSpaceAccess: '400 unknown_role',
  updateRole: '404 role_not_found',
}

t.test('the example of every body works when it is sent unchanged, or is refused for what it can’t know', async (t) => {
  const { app, send, owner, organizationId, spaceId } = await testApp(t)
  const space = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const { automation } = (await send(owner, 'POST', `${space}/automations`, { name: 'n', kind: 'webhook' })).body
  const room = (await send(owner, 'POST', `${space}/chat-rooms`, { name: 'r' })).body
  const nobody = '018e1234-abcd-7000-8000-000000000000'
  const ids = { orgId: organizationId, spaceId, automationId: automation.id, chatRoomId: room.id, userId: owner.userId }
  const operations = operationsOf(app, { ...ids, roleId: nobody, serviceAccountId: nobody, hookId: nobody })
  for (const { id, method, path, body } of operations.filter((each) => each.body !== undefined)) {
    const answer = await send(owner, method, path, body)
    const outcome = answer.status < 300 ? 'done' : `${answer.status} ${answer.body.code}`
    t.equal(outcome, REFUSED[id] ?? 'done', id)
  }
})
