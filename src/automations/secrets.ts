import type { Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { SecretChange } from '../../schemas/automation-secrets.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { makeStandardSecret, standardSecretProblem } from '../actions/standard-webhooks.ts'
import { ApiError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import { secretPlace } from '../secrets/automation-secrets.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { type Current, lock, record } from './current.ts'

const DEFAULT_GRACE_SECONDS = 86_400

/** The secret that holds from now on, to be shown this once, and until when the one before does. */
export type NewSecret = { secret: string; previous_valid_until: Date | null }

/**
 * Sets or makes a secret of an automation: for `webhook` the one by which the senders of its events are known, for `signing`
 * the one with which its requests are signed. No part of what is approved: what is done stays what a person let run.
 *
 * @throws ApiError `automation_not_found`, `not_a_webhook`, or `invalid_request` for what can't be a secret.
 */
export async function setSecret(
  trx: Transaction<DB>,
  author: Caller,
  { space, id, purpose }: { space: Space; id: string; purpose: automationSecrets.Purpose },
  change: SecretChange,
  { cipher }: { cipher: Cipher },
): Promise<NewSecret> {
  const current = await lock(trx, space, id)
  const secret = secretFor(purpose === 'webhook' ? formatOf(current) : STANDARD, change.secret)
  const secretId = newId()
  const previous_valid_until = await automationSecrets.replace(
    trx,
    { organizationId: space.organizationId, automationId: id, purpose },
    { id: secretId, ciphertext: cipher.encrypt(secret, secretPlace(secretId)) },
    change.grace_seconds ?? DEFAULT_GRACE_SECONDS,
  )
  const details = { secret_id: secretId, previous_valid_until: previous_valid_until?.toISOString() ?? null }
  await record(trx, author, space, id, `automation.${purpose}_secret_set`, details)
  return { secret, previous_valid_until }
}

/** What a secret looks like. */
type Format = { make: () => string; problem: (secret: string) => string | undefined }

const STANDARD: Format = { make: makeStandardSecret, problem: standardSecretProblem }

/** What the senders of events take for a secret, as the content that is shown says. */
function formatOf({ automation, revision }: Current): Format {
  const { intake } = KINDS[automation.kind]
  if (intake === null) throw new ApiError('not_a_webhook')
  const { config } = revision.content
  return { make: () => intake.makeSecret(config), problem: (secret) => intake.secretProblem(config, secret) }
}

function secretFor({ make, problem }: Format, given: string | undefined): string {
  if (given === undefined) return make()
  const message = problem(given)
  if (message !== undefined) throw new ApiError('invalid_request', { details: [{ path: '/secret', message }] })
  return given
}
