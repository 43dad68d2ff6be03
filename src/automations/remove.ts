import type { Transaction } from 'kysely'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { changed } from './changed.ts'
import { lock, record, type Seen, standingOf } from './current.ts'
import type { Means } from './means.ts'
import { refuseForeignRemoval } from './staff.ts'

/**
 * Deletes an automation for good. AI staff withdraws its own open proposals alone, which no person has put work into.
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
  const { status, revision, version } = current.automation
  const { digest } = current.revision
  seen({ version, digest })
  await refuseForeignRemoval(trx, caller.actor, { space, current })
  await Promise.all([
    changed(trx, kinds, standingOf(space, current), null, () => automations.remove(trx, space, id)),
    record(trx, caller, space, id, 'automation.deleted', { status, revision, digest }),
  ])
}
