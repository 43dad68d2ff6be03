import type { Locked } from '../../db/queries/automations.ts'
import type { Actor } from '../access/actor.ts'

// What the row of an automation says of decisions on it.

/** Nobody has decided on what is shown. */
export const NOT_REVIEWED = { reviewed_by_user_id: null, reviewed_revision: null, reviewed_at: null }

export const NOT_REJECTED = { rejection_reason: null, rejection_code: null, rejection_paths: null }

/** No proposal waits beside what runs. */
export const CLOSED = { pending_revision: null, proposal_revision: null }

/** A person decided on a revision, for or against it. */
export function reviewOf(userId: string, revision: number) {
  return { reviewed_by_user_id: userId, reviewed_revision: revision, reviewed_at: new Date() }
}

/** A person let a revision run, and answers from now on for what AI staff made. */
export function reviewed(
  { userId }: Actor,
  automation: Pick<Locked, 'created_by_service_account_id'>,
  revision: number,
) {
  const owner = automation.created_by_service_account_id === null ? {} : { owner_user_id: userId }
  return { ...reviewOf(userId, revision), ...owner }
}
