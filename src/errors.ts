/**
 * Every way in which this program refuses a request, in one table: a stable code for programs, the HTTP status, and
 * the sentence (or known string of Hyperspeed's API) that clients read in `error`.
 */
export const ERRORS = {
  // 400: what was sent can't be understood
  invalid_request: [400, 'invalid request'],
  invalid_json: [400, 'invalid json'],
  invalid_url: [400, 'invalid url'],
  invalid_cursor: [400, 'invalid cursor'],
  invalid_idempotency_key: [400, 'the Idempotency-Key header takes 1 to 255 printable ASCII characters'],
  name_and_kind_required: [400, 'name and kind required'],
  invalid_kind: [400, 'invalid kind'],
  invalid_status: [400, 'invalid status'],
  invalid_organization_id: [400, 'invalid organization id'],
  invalid_space_id: [400, 'invalid space id'],
  invalid_automation_id: [400, 'invalid automation id'],
  invalid_id: [400, 'invalid id'],
  unknown_role: [400, 'a role id is not one of this organization'],
  nothing_to_post: [400, 'provide text in body or config.default_text'],
  credential_missing: [400, 'oauth token not configured; PATCH token first'],
  organization_name_required: [400, 'organization_name required'],
  // 401: who is asking is not known
  unauthorized: [401, 'unauthorized'],
  invalid_credentials: [401, 'invalid credentials'],
  invalid_refresh_token: [401, 'invalid refresh token'],
  tunnel_token_invalid: [401, 'no tunnel has this token: a person makes another one'],
  access_token_required: [401, 'this tunnel wants its access token'],
  webhook_not_verified: [401, 'no such webhook, or the request does not prove its sender'],
  // 403: known, and not allowed
  forbidden: [403, 'forbidden'],
  not_a_member: [403, 'not a member of this organization'],
  no_space_access: [403, 'no access to this space'],
  people_only: [403, 'service accounts cannot do this'],
  service_accounts_only: [403, 'this is for AI staff: ask with the sa_ token of a service account'],
  origin_not_allowed: [403, 'pages and hosts elsewhere may not ask this'],
  service_account_oauth_token: [403, 'service account cannot set oauth token'],
  service_account_status: [403, 'service accounts can only set the status pending_approval'],
  service_account_not_author: [403, 'service accounts can change only what they proposed themselves'],
  service_account_cannot_approve: [403, 'service accounts cannot approve automations'],
  kind_not_allowed: [403, 'the policy of this organization does not let service accounts propose this kind'],
  second_person_required: [
    403,
    'the policy of this organization wants another person than who wrote it to approve this',
  ],
  exceeds_own_permissions: [403, 'nobody can grant or take away permissions that they do not hold'],
  signups_disabled: [403, 'signups_disabled'],
  single_org_exists: [403, 'single_org_exists'],
  invite_not_for_this_user: [403, 'invite not for this user'],
  network_not_allowed: [403, 'this tunnel does not take visitors from your network'],
  // 404
  not_found: [404, 'not found'],
  tunnel_not_found: [404, 'no such tunnel'],
  path_not_allowed: [404, 'this tunnel does not lead to that path'],
  space_not_found: [404, 'space not found'],
  automation_not_found: [404, 'automation not found'],
  automation_not_pending: [404, 'automation not pending or not found'],
  revision_not_found: [404, 'revision not found'],
  tool_not_found: [404, 'no such tool'],
  run_not_found: [404, 'run not found'],
  event_not_found: [404, 'event not found'],
  secret_not_found: [404, 'secret not found'],
  chat_room_not_found: [404, 'chat room not found'],
  member_not_found: [404, 'member not found'],
  role_not_found: [404, 'role not found'],
  invite_not_found: [404, 'invite not found'],
  service_account_not_found: [404, 'service account not found'],
  signup_request_not_found: [404, 'sign-up request not found'],
  // 405
  method_not_allowed: [405, 'method not allowed'],
  // 408
  request_timeout: [408, 'the request did not arrive in time'],
  // 409: the request is fine, the state is not
  email_taken: [409, 'email already registered'],
  last_owner: [409, 'the last Owner of an organization must stay'],
  name_taken: [409, 'that name is taken'],
  system_role: [409, 'the system role Owner is fixed'],
  role_in_use: [409, 'the role is the only one that may enter a space: change the access to that space first'],
  service_account_member: [409, 'a service account leaves by being deleted'],
  service_account_expired: [409, 'the service account has expired: give it another expires_at first'],
  already_member: [409, 'already a member of this organization'],
  signup_request_decided: [409, 'the sign-up request is decided already'],
  quota_reached: [409, 'the limit for this space is reached'],
  schedule_over: [409, 'its times are over: change the schedule, so that it can run again, before it becomes active'],
  automation_not_active: [409, 'automation must be active to run'],
  config_not_whole: [409, 'its config is not whole, and nothing of it runs: details says what is missing'],
  run_not_implemented: [409, 'run not implemented for this kind'],
  run_not_unknown: [409, 'only a run that is unknown can be resolved'],
  run_unresolved: [409, 'nobody knows what became of the run: resolve it before it is run again'],
  run_sent: [409, 'what the run does may have left already: wait for its end'],
  run_finished: [409, 'the run has finished already'],
  run_not_finished: [409, 'the run has not finished yet'],
  kind_unknown: [409, 'this server does not know the kind of the automation: a newer one made it'],
  not_a_webhook: [409, 'the automation takes no events from outside'],
  not_a_tunnel: [409, 'no agent connects to this automation'],
  subdomain_taken: [409, 'that subdomain is taken'],
  tunnel_run: [409, 'the run lasts while an agent is connected: pause the automation to end it'],
  too_many_secrets: [409, 'an automation has at most 50 secrets'],
  other_proposal_pending: [409, 'another proposal for this automation is pending'],
  pending_limit_reached: [409, 'this service account has too many proposals pending'],
  digest_mismatch: [409, 'this is not what you saw: the proposal has another digest now'],
  idempotency_key_in_flight: [409, 'a request with this Idempotency-Key is still in flight'],
  // 412, 413, 415, 422, 428, 429, 431
  precondition_failed: [412, 'the resource has changed since you read it'],
  body_too_large: [413, 'the body is larger than 1 MiB, or than 25 MiB where events come in'],
  unsupported_media_type: [415, 'the body must be uncompressed application/json'],
  compressed_body: [415, 'the body must not be compressed'],
  idempotency_key_reused: [422, 'this Idempotency-Key was used with another request'],
  digest_required: [
    428,
    'name the digest that you saw (digest, or If-Match): letting it run without works only while it is as first submitted',
  ],
  upgrade_required: [426, 'an agent asks for Upgrade: hyperspeed-tunnel'],
  rate_limited: [429, 'too many requests'],
  headers_too_large: [431, 'the request headers are too large'],
  // 5xx: not the caller's doing
  internal: [500, 'internal error'],
  agent_away: [502, 'no agent of this tunnel is connected'],
  service_down: [502, 'the service behind this tunnel does not take connections, or broke one off'],
  unavailable: [503, 'temporarily unavailable, try again'],
  tunnel_closed: [503, 'the tunnel is not open: nobody has let it run, or it is paused'],
  tunnel_busy: [503, 'the tunnel carries as many requests as it may'],
  timeout: [503, 'the database took too long, try again'],
  service_silent: [504, 'the service behind this tunnel has not answered in time'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>

export type ErrorCode = keyof typeof ERRORS

/**
 * One thing wrong with one place of the request: `path` is a JSON pointer into the body, or begins with `query`, `params`
 * or `headers`. Where it tells of a difference, `before` and `after` are its two sides.
 */
export type ErrorDetail = { path: string; message: string; before?: unknown; after?: unknown }

/**
 * What keeps a config from running. `isMissing`: it is not wrong but unfinished, which a draft may be; `secret`: whole but for a
 * secret that a person sets.
 */
export type ConfigProblem = ErrorDetail & { isMissing?: true | 'secret' }

/**
 * A refusal that reaches the caller as `{error, code, request_id, details?}` with the status of {@link ERRORS}.
 * `headers` are sent along (`ETag` with a 412, `Retry-After` with a 503).
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ErrorCode
  readonly details: ErrorDetail[] | undefined
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, options: { details?: ErrorDetail[]; headers?: Record<string, string> } = {}) {
    super(ERRORS[code][1])
    this.code = code
    this.details = options.details
    this.headers = options.headers ?? {}
  }

  /** The HTTP status of this refusal. */
  get status(): number {
    return ERRORS[this.code][0]
  }
}

/** A refusal of what the caller may well try again, in so many seconds. */
export function tryAgain(code: ErrorCode = 'unavailable', seconds = 1): ApiError {
  return new ApiError(code, { headers: { 'Retry-After': String(seconds) } })
}
