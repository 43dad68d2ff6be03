import type { Transaction } from 'kysely'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { Actor, Space } from '../access/actor.ts'
import { ApiError } from '../errors.ts'
import { contentOf } from './content.ts'
import type { CredentialFields } from './credential.ts'
import type { Current } from './current.ts'
import type { Place } from './gate.ts'
import { isLive } from './lifecycle.ts'
import { diff } from './revisions.ts'

// What AI staff may do to automations, beside the table of statuses (lifecycle.ts). None of it is asked of people.

/** @throws ApiError `service_account_oauth_token` where AI staff brings a credential, or takes one away. */
export function refuseCredentialOfStaff(actor: Actor, body: CredentialFields): void {
  const { oauth_token, oauth_refresh_token, oauth_client_id, oauth_client_secret } = body
  const isNamed = [oauth_token, oauth_refresh_token, oauth_client_id, oauth_client_secret].some(
    (field) => field !== undefined,
  )
  if (actor.type === 'service_account' && isNamed) throw new ApiError('service_account_oauth_token')
}

/**
 * AI staff changes its own open proposals, while no person has changed their words; on what a person has let run it may
 * propose a change, unless another one's waits there.
 *
 * @throws ApiError `service_account_not_author`, `other_proposal_pending`
 */
export async function refuseForeignEdit(trx: Transaction<DB>, actor: Actor, { space, current }: Place): Promise<void> {
  if (actor.type === 'user') return
  const { automation, pending, proposedById } = current
  if (isLive(automation.status)) {
    if (pending !== null && proposedById !== actor.id) throw new ApiError('other_proposal_pending')
    return
  }
  if (automation.created_by_service_account_id !== actor.id) throw new ApiError('service_account_not_author')
  // A rejection hands it back.
  if (automation.status === 'pending_approval' && (await isReworded(trx, actor, space, current)))
    throw notAuthor('a person has changed this proposal: it is theirs until they decide on it')
}

/**
 * AI staff withdraws what it proposed itself, as long as nobody has let it run and no person has put work into it: with an
 * automation go its runs, its revisions and its secrets.
 *
 * @throws ApiError `service_account_not_author`
 */
export async function refuseForeignRemoval(
  trx: Transaction<DB>,
  actor: Actor,
  { space, current }: Place,
): Promise<void> {
  if (actor.type === 'user') return
  const { id, status, created_by_service_account_id: creator, approved_digest, last_revision } = current.automation
  const isOpen = status === 'pending_approval' || status === 'rejected'
  if (creator !== actor.id || !isOpen) throw new ApiError('service_account_not_author')
  const authors = await automationRevisions.listAuthors(trx, space, id, { after: 0, upTo: last_revision })
  const isAlone = authors.every((author) => author === actor.id)
  // Secrets are set by people alone.
  const hasSecrets = await automationSecrets.hasAny(trx, automationSecrets.ownerOf(space, id))
  if (approved_digest !== null || !isAlone || hasSecrets)
    throw notAuthor('a person has let it run, changed it or given it a secret: only a person can delete it')
}

function notAuthor(message: string): ApiError {
  return new ApiError('service_account_not_author', { details: [{ path: 'params/automationId', message }] })
}

/** Whether a person wrote what is shown otherwise than AI staff last had it. Whose secrets it uses does not matter. */
async function isReworded(trx: Transaction<DB>, actor: Actor, space: Space, { automation, revision }: Current) {
  if (revision.authored_by_service_account_id === actor.id) return false
  const own = await automationRevisions.findNewestBy(trx, space, automation.id, actor.id)
  const before = own === undefined ? null : { ...contentOf(own), secretVersions: {} }
  return diff(before, { ...revision.content, secretVersions: {} }).length > 0
}
