import type { Transaction } from 'kysely'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { SecretChange } from '../../schemas/automation-secrets.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError } from '../errors.ts'
import type { Kinds } from '../kinds/registry.ts'
import { seal } from '../secrets/sealed.ts'
import { makeStandardSecret, standardSecretProblem } from '../secrets/standard-webhooks.ts'
import { type Current, lock, record } from './current.ts'
import type { Means } from './means.ts'

const DEFAULT_GRACE_SECONDS = 86_400

/** The secret that holds from now on, to be shown this once, and until when the one before does. */
export type NewSecret = { secret: string; previous_valid_until: Date | null }

/**
 * Sets or makes a secret that the automation shares with somebody: the one by which the senders of its events are
 * known, or the one with which its requests are signed. No part of what is approved: what is done stays
 * what a person let run.
 *
 * @throws ApiError `automation_not_found`, `not_a_webhook`, or `invalid_request` for what can't be a secret.
 */
export async function rotateSecret(
  trx: Transaction<DB>,
  caller: Caller,
  { space, id, slot }: { space: Space; id: string; slot: automationSecrets.RotatingSlot },
  change: SecretChange,
  { cipher, kinds }: Pick<Means, 'cipher' | 'kinds'>,
): Promise<NewSecret> {
  const current = await lock(trx, space, id)
  const secret = secretFor(slot === automationSecrets.SIGNING_SLOT ? STANDARD : formatOf(kinds, current), change.secret)
  const sealed = { ...seal(cipher, secret), userId: caller.actor.userId }
  const grace = change.grace_seconds ?? DEFAULT_GRACE_SECONDS
  const owner = automationSecrets.ownerOf(space, id)
  const previous_valid_until = await automationSecrets.replace(trx, owner, slot, sealed, grace)
  const details = { secret_id: sealed.id, previous_valid_until: previous_valid_until?.toISOString() ?? null }
  await record(trx, caller, space, id, `automation.${slot}_secret_set`, details)
  return { secret, previous_valid_until }
}

/** What a secret looks like. */
type Format = { make: () => string; problem: (secret: string) => string | undefined }

const STANDARD: Format = { make: makeStandardSecret, problem: standardSecretProblem }

/** What the senders of events take for a secret, as the content that is shown says. */
function formatOf(kinds: Kinds, { automation, revision }: Current): Format {
  const { intake } = kinds.get(automation.kind)
  if (intake === undefined) throw new ApiError('not_a_webhook')
  const { config } = revision.content
  return { make: () => intake.makeSecret(config), problem: (secret) => intake.secretProblem(config, secret) }
}

function secretFor({ make, problem }: Format, given: string | undefined): string {
  if (given === undefined) return make()
  const message = problem(given)
  if (message !== undefined) throw new ApiError('invalid_request', { details: [{ path: '/secret', message }] })
  return given
}
