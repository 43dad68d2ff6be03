import type { Transaction } from 'kysely'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError } from '../errors.ts'
import { changed } from './changed.ts'
import { lock, record, refuseForeignEdit, type Seen, standingOf } from './current.ts'
import { isLive } from './lifecycle.ts'
import type { Means } from './means.ts'

/**
 * Deletes an automation for good. AI staff withdraws its own proposals alone, and only while nothing of people's goes with them:
 * no approval, and with it no run, and no revision.
 *
 * @throws ApiError `automation_not_found`, `service_account_not_author`
 */
export async function remove(
  trx: Transaction<DB>,
  caller: Caller,
  { space, id, seen }: { space: Space; id: string; seen: Seen },
  { kinds }: Pick<Means, 'kinds'>,
): Promise<void> {
  const current = await lock(trx, space, id)
  const { status, revision, version, approved_digest, last_revision } = current.automation
  const { digest } = current.revision
  seen({ version, digest })
  refuseForeignEdit(caller.actor, current)
  if (caller.actor.type === 'service_account') {
    const people = await automationRevisions.listAuthors(trx, space, id, { after: 0, upTo: last_revision })
    if (isLive(status) || approved_digest !== null || people.length > 0)
      throw new ApiError('service_account_not_author')
  }
  await automations.remove(trx, space, id)
  await changed(trx, kinds, standingOf(space, current), null)
  await record(trx, caller, space, id, 'automation.deleted', { status, revision, digest })
}
