import type { Kysely } from 'kysely'
import type { Owner } from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import { ApiError, type ConfigProblem, type ErrorDetail } from '../errors.ts'
import type { Content, Problems } from './content.ts'
import type { Means } from './means.ts'
import { presentNames } from './versions.ts'

const MAX_KEPT = 20

/** All that keeps a content from running, found by the kind of its automation. @throws ApiError `kind_unknown` */
export async function findProblems(
  db: Kysely<DB>,
  { kinds, actions }: Pick<Means, 'actions' | 'kinds'>,
  { kind, ...owner }: Owner & { kind: string },
  { config, secretVersions }: Pick<Content, 'config' | 'secretVersions'>,
): Promise<ConfigProblem[]> {
  return kinds.problems(kind, config, { actions, secrets: await presentNames(db, owner, secretVersions) })
}

/**
 * Holds what somebody writes or lets run to what its kind says. It may be unfinished, whatever its status: then it says so in its
 * `problems`, and nothing of it runs. What is there must be right, so that whoever writes it learns at once.
 *
 * @param options.isWhole it must not be unfinished, because it is to be active and the policy wants that.
 * @param options.lacksSecrets even so, it may name secrets that a person has yet to set.
 * @throws ApiError `invalid_request` with everything that is wrong with the config.
 */
export function requireValid(
  problems: readonly ConfigProblem[],
  { isWhole, lacksSecrets = false }: { isWhole: boolean; lacksSecrets?: boolean },
): void {
  const mayLack = ({ isMissing }: ConfigProblem) =>
    isMissing !== undefined && (!isWhole || (lacksSecrets && isMissing === 'secret'))
  const details = problems.filter((problem) => !mayLack(problem)).map(toDetail)
  if (details.length > 0) throw new ApiError('invalid_request', { details })
}

/** What the row of an automation keeps of a look at what it shows, and by which rules that was. */
export function checked(problems: Problems, { rules }: Pick<Means, 'rules'>) {
  const kept = problems.slice(0, MAX_KEPT).map(toDetail)
  return { problems: kept.length === 0 ? null : JSON.stringify(kept), checked_by: rules }
}

/** A problem as it is answered: how it is unfinished is for the rules alone. */
function toDetail({ path, message }: ErrorDetail): ErrorDetail {
  return { path, message }
}
