import type { AutomationStatus, SettableAutomationStatus } from '../../schemas/automations.ts'
import type { Actor } from '../access/actor.ts'
import { ApiError, ERRORS, type ErrorCode } from '../errors.ts'

/** What somebody wants of an automation: a status by name, a change of content alone, or a decision on a proposal. */
export type Request = SettableAutomationStatus | 'edit' | 'approve' | 'reject'

type Outcome = AutomationStatus | ErrorCode

/**
 * Who may bring what from where to where. A status is the next one, anything else is the code of the refusal.
 *
 * Only a person enters or leaves `active`. On what is `active` or `paused`, what AI staff edits becomes a pending revision
 * beside it, and a decision on that leaves the status as it is; without one there is nothing to decide.
 */
export const TRANSITIONS: Record<Actor['type'], Record<AutomationStatus, Record<Request, Outcome>>> = {
  user: {
    draft: {
      edit: 'draft',
      draft: 'draft',
      pending_approval: 'pending_approval',
      active: 'active',
      paused: 'paused',
      approve: 'automation_not_pending',
      reject: 'automation_not_pending',
    },
    pending_approval: {
      edit: 'pending_approval',
      draft: 'draft',
      pending_approval: 'pending_approval',
      active: 'active',
      paused: 'paused',
      approve: 'active',
      reject: 'rejected',
    },
    active: {
      edit: 'active',
      draft: 'draft',
      pending_approval: 'pending_approval',
      active: 'active',
      paused: 'paused',
      approve: 'active',
      reject: 'active',
    },
    paused: {
      edit: 'paused',
      draft: 'draft',
      pending_approval: 'pending_approval',
      active: 'active',
      paused: 'paused',
      approve: 'paused',
      reject: 'paused',
    },
    rejected: {
      edit: 'draft',
      draft: 'draft',
      pending_approval: 'pending_approval',
      active: 'active',
      paused: 'paused',
      approve: 'automation_not_pending',
      reject: 'automation_not_pending',
    },
  },
  service_account: {
    draft: aiStaff('service_account_not_author'),
    pending_approval: aiStaff('pending_approval'),
    active: aiStaff('active'),
    paused: aiStaff('paused'),
    rejected: aiStaff('pending_approval'),
  },
}

/** AI staff proposes, and nothing else: whatever it edits ends in `outcome`. */
function aiStaff(outcome: Outcome): Record<Request, Outcome> {
  return {
    edit: outcome,
    pending_approval: outcome,
    draft: 'service_account_status',
    active: 'service_account_status',
    paused: 'service_account_status',
    approve: 'service_account_cannot_approve',
    reject: 'service_account_cannot_approve',
  }
}

/** The status of a new automation: people choose, what AI staff creates always waits for a person. */
export function initialStatus(actor: Actor, requested: SettableAutomationStatus | undefined): AutomationStatus {
  return actor.type === 'service_account' ? 'pending_approval' : (requested ?? 'draft')
}

/**
 * The next status.
 *
 * @param hasPendingRevision whether a change waits for a decision beside what is active or paused.
 * @throws ApiError with the code of {@link TRANSITIONS} that says why not.
 */
export function nextStatus(
  actor: Actor,
  current: { status: AutomationStatus; hasPendingRevision: boolean },
  request: Request,
): AutomationStatus {
  const outcome = TRANSITIONS[actor.type][current.status][request]
  if (outcome in ERRORS) throw new ApiError(outcome as ErrorCode)
  const isDecision = request === 'approve' || request === 'reject'
  if (isDecision && isLive(current.status) && !current.hasPendingRevision) throw new ApiError('automation_not_pending')
  return outcome as AutomationStatus
}

/** Active or paused: a person has let it run, and it may be waiting to run again; AI staff changes it only through a pending revision. */
export function isLive(status: AutomationStatus): boolean {
  return status === 'active' || status === 'paused'
}
