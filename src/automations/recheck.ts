import type { Kysely, Transaction } from 'kysely'
import { ownerOf } from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import { changed } from './changed.ts'
import { lock, standingOf } from './current.ts'
import type { Means } from './means.ts'
import { oneByOne } from './one-by-one.ts'
import { checked, findProblems } from './problems.ts'

type RecheckMeans = Pick<Means, 'actions' | 'kinds' | 'rules'>

/**
 * Looks again at what automations show where that was done by other rules, such as those of the release before, or never: what is not
 * whole any more is not due from then on, and what is whole now is.
 *
 * @param most how many at the most in one call.
 * @returns how many it looked at.
 * @throws what went wrong with the first that it could not look at, once it is done with the others.
 */
export async function recheck(db: Kysely<DB>, means: RecheckMeans, most: number): Promise<number> {
  const claim = (trx: Transaction<DB>, except: readonly string[]) =>
    automations.claimUnchecked(trx, means.kinds.names, means.rules, except)
  return oneByOne(db, most, claim, (trx, claimed) => lookAgain(trx, claimed, means))
}

async function lookAgain(trx: Transaction<DB>, claimed: automations.Unchecked, means: RecheckMeans): Promise<void> {
  const space = { organizationId: claimed.organization_id, id: claimed.space_id }
  const id = claimed.automation_id
  const current = await lock(trx, space, id)
  const owner = { ...ownerOf(space, id), kind: current.automation.kind }
  const problems = await findProblems(trx, means, owner, current.revision.content)
  await changed(trx, means.kinds, standingOf(space, current), standingOf(space, current, { problems }), (plan) =>
    automations.noteCheck(trx, space, id, { ...checked(problems, means), ...plan }),
  )
}
