const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** The fields of an automation that the specification shows, in its order, and what each is. */
export const FIELDS: Record<string, RegExp | 'string' | 'object'> = {
  id: UUID,
  organization_id: UUID,
  space_id: UUID,
  name: 'string',
  kind: /^(social_post|reverse_tunnel|scheduled|webhook)$/,
  config: 'object',
  status: /^(draft|pending_approval|active|paused|rejected)$/,
  created_by_user_id: UUID,
  created_by_service_account_id: UUID,
  reviewed_by_user_id: UUID,
  reviewed_at: TIME,
  rejection_reason: 'string',
  last_run_at: TIME,
  last_error: 'string',
  created_at: TIME,
  updated_at: TIME,
}
const NULLABLE = new Set([
  'created_by_user_id',
  'created_by_service_account_id',
  'reviewed_by_user_id',
  'reviewed_at',
  'rejection_reason',
  'last_run_at',
  'last_error',
])

/** What of an automation is not as the specification shows it: its fields, and their types. */
export function whatIsWrong(automation: Record<string, unknown>): string[] {
  return Object.entries(FIELDS).flatMap(([field, wanted]) => {
    const value = automation[field]
    if (value === null && NULLABLE.has(field)) return []
    const isRight = typeof wanted === 'string' ? typeof value === wanted : wanted.test(String(value))
    return isRight && value !== null && !Array.isArray(value) ? [] : [`${field} is ${JSON.stringify(value)}`]
  })
}
