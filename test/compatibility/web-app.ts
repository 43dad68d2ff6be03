import { FIELDS } from './fields.ts'

// What the web app of Hyperspeed asks around automations, and what it reads of the answers: data, in the order in which somebody
// uses it. What it asks besides, of boards, files, tasks and terminals, is not this program's.

export type Step = {
  /** Whose token it carries; null for nobody's. */
  as: 'owner' | 'second' | 'third' | 'staff' | null
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Behind `/api/v1`; names in braces are bound by steps before. */
  path: string
  body?: Record<string, unknown>
  /** How many send it at the same time; one, unless it says more. */
  atOnce?: number
  /** What it takes for success. */
  status: number | readonly number[]
  /** The places of the answer that are read, which must be there: `roles[].id` is the id of each role. */
  reads?: readonly string[]
  /** What must stand at some of them. */
  says?: Readonly<Record<string, unknown>>
  /** Names for what stands at a place, for steps to come. */
  binds?: Readonly<Record<string, string>>
}

const TOKENS = ['access_token', 'refresh_token', 'token_type', 'expires_in']
const ORGANIZATION = [
  'id',
  'name',
  'slug',
  'datasets_enabled',
  'open_signups_enabled',
  'created_at',
  'intended_public_url',
  'public_origin_override',
]
const SPACE = ['id', 'organization_id', 'name', 'description', 'created_at']
const ROOM = ['id', 'space_id', 'name', 'created_at']
const MESSAGE = ['id', 'chat_room_id', 'space_id', 'author_user_id', 'content', 'created_at', 'updated_at']
const ROLE = ['id', 'organization_id', 'name', 'is_system', 'created_at', 'updated_at', 'permissions']
const MEMBER = ['organization_id', 'user_id', 'role', 'email', 'display_name', 'last_seen_at', 'is_service_account']
const STAFF = ['id', 'organization_id', 'user_id', 'name', 'created_by', 'created_at', 'provider', 'openrouter_model']
const AUTOMATION = Object.keys(FIELDS)
const NOTIFICATION = ['id', 'organization_id', 'user_id', 'type', 'payload.space_id', 'created_at', 'read_at']
const RUN = ['id', 'automation_id', 'started_at', 'finished_at', 'success', 'error_message', 'created_at']

const at = (place: string, keys: readonly string[]) => keys.map((key) => `${place}.${key}`)

const ORG = '/organizations/{org}'
const IN = `${ORG}/spaces/{space}`
const PASSWORD = 'correct horse battery staple'
const CRON = { cron: '0 9 * * MON', channel: 'general' }

export const STEPS: readonly Step[] = [
  // The wizard of the first account.
  {
    as: null,
    method: 'GET',
    path: '/public/instance',
    status: 200,
    reads: ['git_sha', 'version'],
    says: { needs_organization_setup: true },
  },
  {
    as: null,
    method: 'POST',
    path: '/auth/register',
    body: {
      name: 'Ada',
      email: 'ada@example.com',
      password: PASSWORD,
      organization_name: 'Analytical Engines',
      intended_public_url: 'https://www.engines.example.com',
    },
    status: 201,
    reads: TOKENS,
    binds: { owner: 'access_token' },
  },
  { as: null, method: 'GET', path: '/public/instance', status: 200, says: { needs_organization_setup: false } },
  {
    as: null,
    method: 'POST',
    path: '/auth/login',
    body: { email: 'ada@example.com', password: PASSWORD },
    status: 200,
    reads: TOKENS,
    binds: { owner: 'access_token', refresh: 'refresh_token' },
  },
  // Two tabs find the access token over, and both refresh it with the one refresh token.
  {
    as: null,
    method: 'POST',
    path: '/auth/refresh',
    body: { refresh_token: '{refresh}' },
    atOnce: 2,
    status: 200,
    reads: TOKENS,
    binds: { owner: 'access_token', refresh: 'refresh_token' },
  },
  {
    as: 'owner',
    method: 'GET',
    path: '/me',
    status: 200,
    reads: ['created_at', 'display_name', 'email', 'service_account', 'signup_request'],
    says: { signup_pending: false },
    binds: { ada: 'id' },
  },
  {
    as: 'owner',
    method: 'PATCH',
    path: '/me',
    body: { display_name: 'Ada King' },
    status: 200,
    reads: ['created_at', 'email', 'id'],
    says: { display_name: 'Ada King' },
  },
  {
    as: 'owner',
    method: 'GET',
    path: '/organizations',
    status: 200,
    reads: ['can_create_organization', ...at('organizations[]', ORGANIZATION)],
    binds: { org: 'organizations[].id' },
  },
  {
    as: 'owner',
    method: 'GET',
    path: ORG,
    status: 200,
    reads: ORGANIZATION,
    says: { intended_public_url: 'https://www.engines.example.com' },
  },
  {
    as: 'owner',
    method: 'PATCH',
    path: ORG,
    body: { intended_public_url: 'https://work.example.com', sync_runtime_origin: true },
    status: 200,
    reads: ORGANIZATION,
    says: { intended_public_url: 'https://work.example.com' },
  },
  {
    as: 'owner',
    method: 'GET',
    path: `${ORG}/features`,
    status: 200,
    reads: ['features.datasets_enabled', 'features.open_signups_enabled'],
  },
  {
    as: 'owner',
    method: 'PATCH',
    path: `${ORG}/features`,
    body: { datasets_enabled: true },
    status: 200,
    says: { 'features.datasets_enabled': true },
  },
  {
    as: 'owner',
    method: 'PATCH',
    path: `${ORG}/features`,
    body: { open_signups_enabled: true },
    status: 200,
    says: { 'features.open_signups_enabled': true, 'features.datasets_enabled': true },
  },
  { as: 'owner', method: 'GET', path: `${ORG}/me/permissions`, status: 200, reads: ['permissions'] },

  // Roles.
  { as: 'owner', method: 'GET', path: `${ORG}/roles`, status: 200, reads: at('roles[]', ROLE) },
  {
    as: 'owner',
    method: 'POST',
    path: `${ORG}/roles`,
    body: { name: 'Editor', permissions: ['files.read', 'files.write'] },
    status: 201,
    reads: at('role', ROLE),
    binds: { role: 'role.id' },
  },
  {
    as: 'owner',
    method: 'PATCH',
    path: `${ORG}/roles/{role}`,
    body: {
      name: 'Writer',
      set_permissions: true,
      permissions: ['files.read', 'files.write', 'chat.read', 'chat.write'],
    },
    status: 200,
    reads: at('role', ROLE),
    says: { 'role.name': 'Writer' },
  },

  // A second person signs up and is let in; a third has an invite.
  {
    as: null,
    method: 'POST',
    path: '/auth/register',
    body: { name: 'Grace', email: 'grace@example.com', password: PASSWORD },
    status: 201,
    reads: TOKENS,
    says: { signup_pending: true },
    binds: { second: 'access_token' },
  },
  {
    as: 'second',
    method: 'GET',
    path: '/me',
    status: 200,
    reads: at('signup_request', ['id', 'organization_id', 'status']),
    says: { signup_pending: true },
    binds: { grace: 'id' },
  },
  {
    as: 'owner',
    method: 'GET',
    path: `${ORG}/signup-requests`,
    status: 200,
    reads: at('signup_requests[]', [
      'id',
      'organization_id',
      'user_id',
      'status',
      'created_at',
      'email',
      'display_name',
    ]),
    binds: { signup: 'signup_requests[].id' },
  },
  { as: 'owner', method: 'POST', path: `${ORG}/signup-requests/{signup}/approve`, status: [200, 204] },
  {
    as: 'owner',
    method: 'POST',
    path: `${ORG}/invites`,
    body: {},
    status: 201,
    reads: ['token', ...at('invite', ['id', 'organization_id', 'created_by', 'created_at', 'expires_at'])],
    binds: { invite: 'token' },
  },
  {
    as: null,
    method: 'POST',
    path: '/auth/register',
    body: { name: 'Edsger', email: 'edsger@example.com', password: PASSWORD },
    status: 201,
    reads: TOKENS,
    binds: { third: 'access_token' },
  },
  {
    as: 'third',
    method: 'POST',
    path: '/invites/{invite}/accept',
    body: {},
    status: 200,
    reads: ['organization_id'],
    says: { ok: true },
  },
  {
    as: 'owner',
    method: 'GET',
    path: `${ORG}/members`,
    status: 200,
    reads: at('members[]', MEMBER),
    says: { 'members[].role': 'admin' },
  },
  // The bar beside every page asks for these, whoever looks at it.
  { as: 'third', method: 'GET', path: `${ORG}/features`, status: 200, reads: ['features.datasets_enabled'] },
  { as: 'third', method: 'GET', path: `${ORG}/me/permissions`, status: 200, says: { permissions: [] } },
  { as: 'third', method: 'GET', path: `${ORG}/spaces/access-summary`, status: 200, says: { projects: [] } },
  {
    as: 'owner',
    method: 'PUT',
    path: `${ORG}/members/{grace}/roles`,
    body: { role_ids: ['{role}'] },
    status: 200,
    says: { ok: true },
  },
  { as: 'owner', method: 'GET', path: `${ORG}/members/{grace}/roles`, status: 200, reads: ['role_ids'] },

  // A space, and who may enter it.
  {
    as: 'owner',
    method: 'POST',
    path: `${ORG}/spaces`,
    body: { name: 'Marketing', description: 'What we say' },
    status: 201,
    reads: SPACE,
    binds: { space: 'id' },
  },
  { as: 'owner', method: 'GET', path: `${ORG}/spaces`, status: 200, reads: at('spaces[]', SPACE) },
  {
    as: 'owner',
    method: 'GET',
    path: `${ORG}/spaces/access-summary`,
    status: 200,
    reads: at('projects[]', ['project_id', 'can_access']),
  },
  { as: 'owner', method: 'GET', path: IN, status: 200, reads: SPACE },
  { as: 'owner', method: 'GET', path: `${IN}/access`, status: 200, reads: ['role_ids'] },
  {
    as: 'owner',
    method: 'PUT',
    path: `${IN}/access`,
    body: { role_ids: ['{role}'] },
    status: 200,
    reads: ['role_ids'],
  },
  {
    as: 'owner',
    method: 'GET',
    path: `${IN}/accessible-members`,
    status: 200,
    reads: ['allowed_role_ids', ...at('members[]', MEMBER)],
    says: { space_has_allowlist: true },
  },

  // Rooms and messages.
  {
    as: 'owner',
    method: 'POST',
    path: `${IN}/chat-rooms`,
    body: { name: 'general' },
    status: 201,
    reads: ROOM,
    binds: { room: 'id' },
  },
  // Its button for a room has one name for all of them.
  ...['Chat', 'Chat'].map(
    (name): Step => ({
      as: 'second',
      method: 'POST',
      path: `${IN}/chat-rooms`,
      body: { name },
      status: 201,
      reads: ROOM,
    }),
  ),
  { as: 'second', method: 'GET', path: `${IN}/chat-rooms`, status: 200, reads: at('chat_rooms[]', ROOM) },
  {
    as: 'second',
    method: 'POST',
    path: `${IN}/chat-rooms/{room}/messages`,
    body: { content: 'first' },
    status: 201,
    reads: ['attachments', ...at('message', MESSAGE)],
  },
  {
    as: 'second',
    method: 'POST',
    path: `${IN}/chat-rooms/{room}/messages`,
    body: { content: 'second', attachments: [] },
    status: 201,
    reads: at('message', MESSAGE),
  },
  {
    as: 'owner',
    method: 'GET',
    path: `${IN}/chat-rooms/{room}/messages`,
    status: 200,
    reads: ['attachments', 'reactions', ...at('messages[]', MESSAGE)],
    // In the order of the answer they stand on the page.
    says: { 'messages[].content': 'first' },
  },

  // AI staff.
  {
    as: 'owner',
    method: 'POST',
    path: `${ORG}/service-accounts`,
    body: { name: 'Drafter', role_ids: ['{role}'], provider: 'openrouter', openrouter_model: 'some/model' },
    status: 201,
    reads: at('service_account', STAFF),
    binds: { staff: 'token', account: 'service_account.id' },
  },
  {
    as: 'owner',
    method: 'PATCH',
    path: `${ORG}/service-accounts/{account}`,
    body: { provider: 'cursor', cursor_default_repo_url: '' },
    status: 200,
    reads: at('service_account', STAFF),
    says: { 'service_account.provider': 'cursor', 'service_account.cursor_default_repo_url': null },
  },
  {
    as: 'owner',
    method: 'GET',
    path: `${ORG}/service-accounts`,
    status: 200,
    reads: at('service_accounts[]', STAFF),
  },

  // It proposes, and people decide.
  {
    as: 'staff',
    method: 'POST',
    path: `${IN}/automations`,
    body: {
      name: 'Weekly digest',
      kind: 'scheduled',
      config: CRON,
      status: 'active',
      description: 'Tell what happened',
    },
    status: 201,
    reads: at('automation', AUTOMATION),
    says: { 'automation.status': 'pending_approval', 'automation.config.proposal_note': 'Tell what happened' },
    binds: { proposal: 'automation.id' },
  },
  {
    as: 'owner',
    method: 'GET',
    path: '/me/notifications?org_id={org}&limit=1',
    status: 200,
    says: { unread_count: 1 },
  },
  {
    as: 'owner',
    method: 'GET',
    path: '/me/notifications?org_id={org}',
    status: 200,
    reads: at('notifications[]', NOTIFICATION),
    says: { unread_count: 1, 'notifications[].read_at': null },
    binds: { notification: 'notifications[].id' },
  },
  // A page of a room asks for those who were mentioned in it, which nobody is.
  {
    as: 'owner',
    method: 'GET',
    path: '/me/notifications?org_id={org}&type=chat.mention&unread_only=1&space_id={space}&chat_room_id={room}&limit=200',
    status: 200,
    says: { ids: [] },
  },
  // One is clicked, then all are read, then one is taken out of the inbox.
  ...[['{notification}'], []].map(
    (ids, i): Step => ({
      as: 'owner',
      method: 'POST',
      path: '/me/notifications/mark-read',
      body: { org_id: '{org}', ids },
      status: 200,
      says: { updated: 1 - i },
    }),
  ),
  {
    as: 'owner',
    method: 'GET',
    path: '/me/notifications?org_id={org}',
    status: 200,
    says: { unread_count: 0, 'notifications[].id': '{notification}' },
  },
  {
    as: 'owner',
    method: 'POST',
    path: '/me/notifications/delete',
    body: { org_id: '{org}', ids: ['{notification}'] },
    status: 200,
    says: { deleted: 1 },
  },
  { as: 'owner', method: 'GET', path: '/me/notifications?org_id={org}', status: 200, says: { notifications: [] } },
  { as: 'owner', method: 'GET', path: `${IN}/automations`, status: 200, reads: at('automations[]', AUTOMATION) },
  {
    as: 'owner',
    method: 'POST',
    path: `${IN}/automations/{proposal}/approve`,
    status: 200,
    reads: at('automation', AUTOMATION),
    says: { 'automation.status': 'active' },
  },
  {
    as: 'staff',
    method: 'POST',
    path: `${IN}/automations`,
    body: { name: 'Hourly noise', kind: 'scheduled', config: { cron: '0 * * * *' } },
    status: 201,
    binds: { rejected: 'automation.id' },
  },
  {
    as: 'owner',
    method: 'POST',
    path: `${IN}/automations/{rejected}/reject`,
    body: { reason: 'too often' },
    status: 200,
    reads: at('automation', AUTOMATION),
    says: { 'automation.status': 'rejected', 'automation.rejection_reason': 'too often' },
  },
  {
    as: 'second',
    method: 'POST',
    path: `${IN}/automations`,
    body: { name: 'Mine', kind: 'scheduled', config: CRON, status: 'draft' },
    status: 201,
    reads: at('automation', AUTOMATION),
    binds: { mine: 'automation.id' },
  },
  {
    as: 'second',
    method: 'PATCH',
    path: `${IN}/automations/{mine}`,
    body: { config: { cron: '30 9 * * MON' } },
    status: 200,
    reads: at('automation', AUTOMATION),
  },
  ...['active', 'paused', 'active'].map(
    (status): Step => ({
      as: 'second',
      method: 'PATCH',
      path: `${IN}/automations/{mine}`,
      body: { status },
      status: 200,
      says: { 'automation.status': status },
    }),
  ),
  { as: 'second', method: 'POST', path: `${IN}/automations/{mine}/run`, status: [200, 202], reads: at('run', RUN) },
  {
    as: 'second',
    method: 'GET',
    path: `${IN}/automations/{mine}/runs`,
    status: 200,
    reads: at('runs[]', RUN),
  },

  // A post, whose network is X where nobody says another; it is made active before it has a token, and with one.
  {
    as: 'second',
    method: 'POST',
    path: `${IN}/automations`,
    body: { name: 'Posts', kind: 'social_post', config: { default_text: 'Hello' }, status: 'active' },
    status: 201,
    reads: [...at('automation', AUTOMATION), 'automation.problems'],
    says: { 'automation.status': 'active' },
    binds: { post: 'automation.id' },
  },
  {
    as: 'second',
    method: 'PATCH',
    path: `${IN}/automations/{post}`,
    body: { oauth_token: 'a token of X', status: 'active' },
    status: 200,
    says: { 'automation.status': 'active' },
  },
  {
    as: 'second',
    method: 'POST',
    path: `${IN}/automations/{post}/run`,
    body: { text: 'Now' },
    status: [200, 202],
    reads: ['tweet_id', ...at('run', RUN)],
    says: { error: null },
  },
  {
    as: 'second',
    method: 'PATCH',
    path: `${IN}/automations/{post}`,
    body: { config: {}, status: 'active' },
    status: 200,
    reads: ['automation.problems'],
    says: { 'automation.config': {} },
  },
  {
    as: 'staff',
    method: 'POST',
    path: `${IN}/automations`,
    body: { name: 'A post', kind: 'social_post', config: { default_text: 'Hi' }, status: 'bogus' },
    status: 201,
    says: { 'automation.status': 'pending_approval' },
    binds: { proposed: 'automation.id' },
  },
  { as: 'owner', method: 'POST', path: `${IN}/automations/{proposed}/approve`, status: 200 },

  // Clearing up.
  { as: 'second', method: 'DELETE', path: `${IN}/automations/{mine}`, status: 204 },
  { as: 'owner', method: 'DELETE', path: `${IN}/chat-rooms/{room}`, status: 204 },
  { as: 'owner', method: 'DELETE', path: `${ORG}/members/{grace}`, status: 204 },
  { as: 'owner', method: 'DELETE', path: `${ORG}/service-accounts/{account}`, status: 204 },
  { as: 'owner', method: 'PUT', path: `${IN}/access`, body: { role_ids: [] }, status: 200 },
  { as: 'owner', method: 'DELETE', path: `${ORG}/roles/{role}`, status: 204 },
  { as: null, method: 'POST', path: '/auth/logout', body: { refresh_token: '{refresh}' }, status: 204 },
]

/** What it asks of areas that are not this program's: it has to be told so in the shape of any error. */
export const NOT_OURS: readonly string[] = [
  `${IN}/boards`,
  `${IN}/files`,
  `${IN}/tasks`,
  `${IN}/datasets`,
  `${IN}/terminals`,
  `${ORG}/integrations`,
]
