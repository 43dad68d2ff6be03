import type { Transaction } from 'kysely'
import type { Owner } from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import { ApiError, type ConfigProblem } from '../errors.ts'
import type { Content } from './content.ts'
import type { Means } from './means.ts'
import { presentNames } from './versions.ts'

/**
 * Holds a content to what its kind can run: whole where it is to become active; elsewhere it may be unfinished, and what
 * is there must be right all the same, so that whoever writes it learns at once.
 *
 * @param options.lacksSecrets what is proposed may name secrets that a person has yet to set.
 * @throws ApiError `invalid_request` with everything that is wrong with the config.
 */
export async function requireValid(
  trx: Transaction<DB>,
  { kinds, actions }: Pick<Means, 'actions' | 'kinds'>,
  { kind, ...owner }: Owner & { kind: string },
  { config, secretVersions }: Pick<Content, 'config' | 'secretVersions'>,
  { isWhole, lacksSecrets = false }: { isWhole: boolean; lacksSecrets?: boolean },
): Promise<void> {
  const secrets = await presentNames(trx, owner, secretVersions)
  const mayLack = (isMissing: ConfigProblem['isMissing']) =>
    isMissing !== undefined && (!isWhole || (lacksSecrets && isMissing === 'secret'))
  const problems = kinds.problems(kind, config, { actions, secrets }).filter(({ isMissing }) => !mayLack(isMissing))
  const details = problems.map(({ path, message }) => ({ path, message }))
  if (details.length > 0) throw new ApiError('invalid_request', { details })
}
