import type { Transaction } from 'kysely'
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
 * Deletes an automation for good. AI staff withdraws its own open proposals alone.
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
  if (caller.actor.type === 'service_account' && isLive(status)) throw new ApiError('service_account_not_author')
  refuseForeignEdit(caller.actor, current)
  await automations.remove(trx, space, id)
  await changed(trx, kinds, standingOf(space, current), null)
  await record(trx, caller, space, id, 'automation.deleted', { status, revision, digest })
}
