import type { Transaction } from 'kysely'
import { v7 as newId } from 'uuid'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { SecretChange } from '../../schemas/automation-secrets.ts'
import type { Space } from '../access/actor.ts'
import { ApiError } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import { secretPlace } from '../secrets/automation-secrets.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { type Current, lock, record } from './current.ts'
import type { Author } from './definition.ts'

const DEFAULT_GRACE_SECONDS = 86_400

/** The secret that holds from now on, to be shown this once, and until when the one before does. */
export type NewSecret = { secret: string; previous_valid_until: Date | null }

/**
 * Sets or makes the secret by which the senders of an automation's events are known. No part of what is approved: who knows
 * it may send events, and what is done with them stays what a person let run.
 *
 * @throws ApiError `automation_not_found`, `not_a_webhook`, or `invalid_request` for what can't be a secret.
 */
export async function setWebhookSecret(
  trx: Transaction<DB>,
  author: Author,
  { space, id }: { space: Space; id: string },
  change: SecretChange,
  { cipher }: { cipher: Cipher },
): Promise<NewSecret> {
  const current = await lock(trx, space, id)
  const secret = secretFor(current, change.secret)
  const secretId = newId()
  const previous_valid_until = await automationSecrets.replace(
    trx,
    { organizationId: space.organizationId, automationId: id, purpose: 'webhook' },
    { id: secretId, ciphertext: cipher.encrypt(secret, secretPlace(secretId)) },
    change.grace_seconds ?? DEFAULT_GRACE_SECONDS,
  )
  const details = { secret_id: secretId, previous_valid_until: previous_valid_until?.toISOString() ?? null }
  await record(trx, author, space, id, 'automation.webhook_secret_set', details)
  return { secret, previous_valid_until }
}

/** The given secret, if it can be one for what is shown of the automation, or a new one. */
function secretFor({ automation, revision }: Current, given: string | undefined): string {
  const { intake } = KINDS[automation.kind]
  if (intake === null) throw new ApiError('not_a_webhook')
  const { config } = revision.content
  if (given === undefined) return intake.makeSecret(config)
  const message = intake.secretProblem(config, given)
  if (message !== undefined) throw new ApiError('invalid_request', { details: [{ path: '/secret', message }] })
  return given
}
