import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { PERMISSIONS, type Permission } from '../src/access/permissions.ts'
import { type Caller, testApp } from './support/app.ts'
import { operationsOf } from './support/operations.ts'

/**
 * Whom each operation lets in, written out by hand a second time. An operation that is not listed here fails, so nobody
 * adds one without saying whom it is for.
 */
type Door = Permission | 'public' | 'signed_in' | 'member'
const ACCESS: Record<string, Door | `${Door}, ${'people' | 'service accounts'} only`> = {
  getHealth: 'public',
  getReadiness: 'public',
  listAutomations: 'files.read',
  createAutomation: 'files.write',
  getAutomation: 'files.read',
  updateAutomation: 'files.write',
  deleteAutomation: 'files.write',
  previewConfig: 'files.read',
  previewAutomation: 'files.read',
  approveAutomation: 'files.write, people only',
  rejectAutomation: 'files.write, people only',
  withdrawProposal: 'files.write',
  listRevisions: 'files.read',
  getRevision: 'files.read',
  diffRevisions: 'files.read',
  runAutomation: 'files.write, people only',
  listRuns: 'files.read',
  listSpaceRuns: 'files.read',
  getRun: 'files.read',
  followSpaceEvents: 'files.read',
  followOrganizationEvents: 'files.read',
  cancelRun: 'files.write, people only',
  retryRun: 'files.write, people only',
  resolveRun: 'files.write, people only',
  receiveWebhook: 'public',
  setWebhookSecret: 'files.write, people only',
  setSigningSecret: 'files.write, people only',
  getTunnel: 'files.read',
  makeTunnelToken: 'files.write, people only',
  makeTunnelAccessToken: 'files.write, people only',
  listSecrets: 'files.read',
  setSecret: 'files.write, people only',
  deleteSecret: 'files.write, people only',
  listWebhookEvents: 'files.read',
  getWebhookEvent: 'files.read',
  replayWebhookEvent: 'files.write, people only',
  replayWebhookEvents: 'files.write, people only',
  listReviews: 'files.read',
  getAutomationPolicy: 'member',
  updateAutomationPolicy: 'org.manage, people only',
  register: 'public',
  login: 'public',
  refreshSession: 'public',
  logout: 'public',
  logInToConsole: 'public',
  logOutOfConsole: 'public',
  getConsoleLogin: 'public',
  getInstance: 'public',
  getMe: 'signed_in',
  updateMe: 'signed_in, people only',
  listMyNotifications: 'signed_in',
  markMyNotificationsRead: 'signed_in, people only',
  removeMyNotifications: 'signed_in, people only',
  listOrganizations: 'signed_in',
  createOrganization: 'signed_in, people only',
  getOrganization: 'member',
  updateOrganization: 'org.manage, people only',
  listMyPermissions: 'member',
  getFeatures: 'member',
  updateFeatures: 'org.manage, people only',
  createInvite: 'org.members.manage, people only',
  acceptInvite: 'signed_in, people only',
  listSignupRequests: 'org.members.manage',
  approveSignupRequest: 'org.members.manage, people only',
  denySignupRequest: 'org.members.manage, people only',
  listMembers: 'member',
  removeMember: 'org.members.manage, people only',
  getMemberRoles: 'member',
  setMemberRoles: 'org.members.manage, people only',
  listRoles: 'member',
  createRole: 'org.members.manage, people only',
  updateRole: 'org.members.manage, people only',
  deleteRole: 'org.members.manage, people only',
  listServiceAccounts: 'org.members.manage',
  createServiceAccount: 'org.members.manage, people only',
  updateServiceAccount: 'org.members.manage, people only',
  deleteServiceAccount: 'org.members.manage, people only',
  rotateServiceAccountToken: 'org.members.manage, people only',
  listSpaces: 'member',
  createSpace: 'space.create',
  getSpace: 'member',
  getSpaceAccessSummary: 'member',
  listSpaceMembers: 'member',
  deleteSpace: 'space.delete, people only',
  getSpaceAccess: 'member',
  setSpaceAccess: 'space.members.manage, people only',
  listChatRooms: 'chat.read',
  createChatRoom: 'chat.write',
  deleteChatRoom: 'chat.write, people only',
  listChatMessages: 'chat.read',
  createChatMessage: 'chat.write',
  listAuditLog: 'org.manage',
  listAgentTools: 'agent.tools.invoke, service accounts only',
  invokeAgentTool: 'agent.tools.invoke, service accounts only',
}

/** Every operation with whom it is for. */
function routesOf(app: FastifyInstance, ids: Record<string, string>) {
  return operationsOf(app, ids).map((operation) => {
    const [permission = '', whom] = (ACCESS[operation.id] ?? 'not listed').split(', ')
    return {
      ...operation,
      permission,
      isForPeople: whom === 'people only',
      isForStaff: whom === 'service accounts only',
    }
  })
}

type Route = ReturnType<typeof routesOf>[number]

t.test('every operation as everybody', async (t) => {
  const { app, send, owner, organizationId, spaceId, person, serviceAccount, otherOrganization } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}`
  const automation = (await send(owner, 'POST', `${base}/automations`, { name: 'n', kind: 'webhook' })).body.automation
  const room = (await send(owner, 'POST', `${base}/chat-rooms`, { name: 'general' })).body
  const nowhere = '018e1234-abcd-7000-8000-000000000000'
  const routes = routesOf(app, {
    orgId: organizationId,
    spaceId,
    automationId: automation.id,
    chatRoomId: room.id,
    revision: '1',
    // What is not there, so that walking past the door changes nothing.
    userId: nowhere,
    roleId: nowhere,
    serviceAccountId: nowhere,
    requestId: nowhere,
    runId: nowhere,
    eventId: nowhere,
    hookId: 'wh_unknown',
    token: 'inv_unknown',
  })
  const outsider = (await otherOrganization()).owner
  const everything = await serviceAccount(PERMISSIONS)
  const stranger: Caller = { token: 'sa_nobody', userId: '', id: '' }
  const call = (caller: Caller | null, { method, path, body }: Route) => send(caller, method, path, body)
  const guarded = routes.filter((route) => route.permission !== 'public')

  t.test('the table and the document name the same operations', async (t) => {
    t.same(routes.map((route) => route.id).sort(), Object.keys(ACCESS).sort())
  })

  t.test('anonymous, or with a token of nobody: 401', async (t) => {
    for (const route of guarded) {
      for (const caller of [null, stranger]) {
        const { status, headers } = await call(caller, route)
        t.equal(status, 401, route.id)
        t.equal(headers['www-authenticate'], 'Bearer')
      }
    }
  })

  t.test('an outsider learns nothing about an organization', async (t) => {
    for (const route of guarded.filter(({ path }) => path.includes(organizationId))) {
      const { status, body } = await call(outsider, route)
      t.equal(`${status} ${body.code}`, '403 not_a_member', route.id)
    }
  })

  t.test('a member without roles enters no space and uses no permission', async (t) => {
    const member = await person([])
    for (const route of guarded.filter(({ path }) => path.includes(organizationId))) {
      const { status, body } = await call(member, route)
      if (route.path.includes(spaceId)) t.equal(`${status} ${body.code}`, '403 no_space_access', route.id)
      else if (route.permission !== 'member') t.equal(`${status} ${body.code}`, '403 forbidden', route.id)
      else t.ok([200, 404].includes(status), route.id)
    }
  })

  t.test('everything but the one permission is not enough', async (t) => {
    const callers = new Map<string, Caller>()
    for (const route of guarded.filter(({ permission }) => PERMISSIONS.includes(permission as Permission))) {
      const { permission } = route
      const caller = callers.get(permission) ?? (await person(PERMISSIONS.filter((each) => each !== permission)))
      callers.set(permission, caller)
      const { status, body } = await call(caller, route)
      t.equal(`${status} ${body.code}`, '403 forbidden', route.id)
    }
  })

  t.test('AI staff with every permission is refused what is for people, and nothing else', async (t) => {
    // What deletes comes last, or the rest would find nothing.
    const order = (route: Route) => Number(route.method === 'DELETE')
    for (const route of guarded.toSorted((a, b) => order(a) - order(b))) {
      const { status, body } = await call(everything, route)
      const known = ['people_only', 'service_account_cannot_approve']
      if (route.isForPeople) t.ok(status === 403 && known.includes(body.code), `${route.id}: ${status} ${body?.code}`)
      else t.ok(status !== 401 && !known.includes(body?.code), `${route.id}: ${status} ${body?.code}`)
    }
  })

  t.test('people are refused what is for AI staff', async (t) => {
    for (const route of guarded.filter(({ isForStaff }) => isForStaff))
      t.match(await call(owner, route), { status: 403, body: { code: 'service_accounts_only' } }, route.id)
  })

  t.test('the Owner is let in everywhere else', async (t) => {
    for (const route of guarded.filter(({ method, isForStaff }) => method === 'GET' && !isForStaff))
      t.ok([200, 404].includes((await call(owner, route)).status), route.id)
  })
})
