import { ApiError, type ConfigProblem } from '../errors.ts'
import { type Content, namedVersions } from './content.ts'
import type { Means } from './means.ts'

/**
 * Holds a content to what its kind can run: whole where it is to become active; elsewhere it may be unfinished, and what
 * is there must be right all the same, so that whoever writes it learns at once.
 *
 * @param options.lacksSecrets what is proposed may name secrets that a person has yet to set.
 * @throws ApiError `invalid_request` with everything that is wrong with the config.
 */
export function requireValid(
  { kinds, actions }: Pick<Means, 'actions' | 'kinds'>,
  kind: string,
  { config, secretVersions }: Pick<Content, 'config' | 'secretVersions'>,
  { isWhole, lacksSecrets = false }: { isWhole: boolean; lacksSecrets?: boolean },
): void {
  const secrets = new Set(Object.keys(namedVersions(secretVersions)))
  const mayLack = (isMissing: ConfigProblem['isMissing']) =>
    isMissing !== undefined && (!isWhole || (lacksSecrets && isMissing === 'secret'))
  const problems = kinds.problems(kind, config, { actions, secrets }).filter(({ isMissing }) => !mayLack(isMissing))
  const details = problems.map(({ path, message }) => ({ path, message }))
  if (details.length > 0) throw new ApiError('invalid_request', { details })
}
