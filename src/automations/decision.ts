import type { Transaction } from 'kysely'
import * as automationDecisions from '../../db/queries/automation-decisions.ts'
import type { Decision } from '../../db/queries/automation-revisions.ts'
import type { Locked } from '../../db/queries/held-automations.ts'
import type { DB } from '../../db/types.ts'
import type { Actor, Space } from '../access/actor.ts'

// What the row of an automation, and its revision, say of decisions on it.

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

/** Writes down what became of a revision. @param actor null where time ran out. */
export async function noteDecision(
  trx: Transaction<DB>,
  actor: Actor | null,
  revision: { space: Space; id: string; revision: number },
  decision: {
    outcome: Decision['outcome']
    reason?: string | undefined
    code?: string | undefined
    paths?: string[] | undefined
  },
): Promise<void> {
  const owner = {
    organizationId: revision.space.organizationId,
    automationId: revision.id,
    revision: revision.revision,
  }
  await automationDecisions.record(trx, owner, {
    outcome: decision.outcome,
    reason: decision.reason ?? null,
    code: decision.code ?? null,
    paths: decision.paths ?? null,
    decided_by_user_id: actor?.type === 'user' ? actor.id : null,
    decided_by_service_account_id: actor?.type === 'service_account' ? actor.id : null,
  })
}
