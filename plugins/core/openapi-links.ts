/** What one answer gives to the next request: ids by the name of their parameter, and who takes them. */
type Onward = {
  status: number
  /** JSON pointers into the answer. */
  gives?: Record<string, string>
  /** The answer has an `ETag`, by which the next request changes only what was seen. */
  tagged?: true
  to: readonly string[]
}

const OF_RUN = ['getRun', 'cancelRun', 'retryRun', 'resolveRun']
const RUN = { runId: '/run/id' }

/** By operation. What a next request needs and an answer does not give is what was sent to get that answer. */
const ONWARD: Record<string, Onward | Onward[]> = {
  createOrganization: {
    status: 201,
    gives: { orgId: '/id' },
    to: ['getOrganization', 'createSpace', 'createRole', 'createServiceAccount', 'createInvite', 'listReviews'],
  },
  createSpace: {
    status: 201,
    gives: { spaceId: '/id' },
    to: ['getSpace', 'listAutomations', 'createAutomation', 'createChatRoom', 'setSpaceAccess', 'deleteSpace'],
  },
  listAutomations: {
    status: 200,
    gives: { automationId: '/automations/0/id' },
    to: ['getAutomation', 'previewAutomation', 'listRuns', 'listRevisions'],
  },
  createAutomation: {
    status: 201,
    gives: { automationId: '/automation/id' },
    tagged: true,
    to: [
      'getAutomation',
      'updateAutomation',
      'previewAutomation',
      'approveAutomation',
      'rejectAutomation',
      'runAutomation',
      'listRevisions',
      'setWebhookSecret',
      'listSecrets',
      'listWebhookEvents',
      'deleteAutomation',
    ],
  },
  listWebhookEvents: {
    status: 200,
    gives: { eventId: '/events/0/id' },
    to: ['getWebhookEvent', 'replayWebhookEvent'],
  },
  replayWebhookEvent: { status: 202, gives: { runId: '/run_id' }, to: ['getRun'] },
  getAutomation: {
    status: 200,
    tagged: true,
    to: ['updateAutomation', 'approveAutomation', 'rejectAutomation', 'withdrawProposal'],
  },
  updateAutomation: { status: 200, tagged: true, to: ['getAutomation', 'runAutomation', 'listRevisions'] },
  approveAutomation: { status: 200, to: ['runAutomation', 'listRuns'] },
  listRevisions: {
    status: 200,
    gives: { revision: '/revisions/0/revision' },
    to: ['getRevision', 'diffRevisions'],
  },
  runAutomation: [
    { status: 200, gives: RUN, to: ['getRun', 'retryRun', 'resolveRun'] },
    { status: 202, gives: RUN, to: OF_RUN },
  ],
  listRuns: { status: 200, gives: { runId: '/runs/0/id' }, to: OF_RUN },
  retryRun: { status: 202, gives: RUN, to: OF_RUN },
  createRole: { status: 201, gives: { roleId: '/role/id' }, to: ['updateRole', 'deleteRole'] },
  createInvite: { status: 201, gives: { token: '/token' }, to: ['acceptInvite'] },
  listSignupRequests: {
    status: 200,
    gives: { requestId: '/signup_requests/0/id' },
    to: ['approveSignupRequest', 'denySignupRequest'],
  },
  listMembers: { status: 200, gives: { userId: '/members/0/user_id' }, to: ['getMemberRoles'] },
  createServiceAccount: {
    status: 201,
    gives: { serviceAccountId: '/service_account/id' },
    to: ['updateServiceAccount', 'rotateServiceAccountToken', 'deleteServiceAccount'],
  },
  createChatRoom: {
    status: 201,
    gives: { chatRoomId: '/id' },
    to: ['createChatMessage', 'listChatMessages'],
  },
}

type Parameter = { name: string; in: string }
type Link = { operationId: string; description: string; parameters: Record<string, string> }
type Operation = {
  operationId: string
  summary: string
  parameters?: Parameter[]
  responses: Record<string, { links?: Record<string, Link> }>
}
type Document = { paths: Record<string, Record<string, Operation>> }

/**
 * Writes the links of OpenAPI into the answers of a document: which request can follow, and with what. Changes it in
 * place.
 *
 * @throws Error where the table above names what the document has not, so that no link can lead nowhere.
 */
export function addLinks({ paths }: Document): void {
  const operations = new Map(
    Object.values(paths).flatMap((methods) => Object.values(methods).map((each) => [each.operationId, each] as const)),
  )
  const find = (id: string) => operations.get(id) ?? fail(`there is no operation ${id}`)
  for (const [id, onward] of Object.entries(ONWARD)) {
    const source = find(id)
    for (const each of [onward].flat()) {
      const response = source.responses[each.status] ?? fail(`${id} does not answer ${each.status}`)
      response.links = Object.fromEntries(each.to.map((to) => [to, link(source, each, find(to))]))
    }
  }
}

function link(source: Operation, { gives = {}, tagged }: Onward, target: Operation): Link {
  const parameters: Record<string, string> = {}
  for (const { name, in: place } of target.parameters ?? []) {
    if (place === 'path') parameters[name] = expression(source, gives, name)
    if (tagged && name === 'if-match') parameters[`header.${name}`] = '$response.header.etag'
  }
  return { operationId: target.operationId, description: `${target.summary}.`, parameters }
}

function expression(source: Operation, gives: Record<string, string>, name: string): string {
  if (gives[name] !== undefined) return `$response.body#${gives[name]}`
  const isSent = source.parameters?.some((sent) => sent.in === 'path' && sent.name === name)
  return isSent ? `$request.path.${name}` : fail(`${source.operationId} knows no ${name}`)
}

function fail(message: string): never {
  throw new Error(`links of the document: ${message}`)
}
