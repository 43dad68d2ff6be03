import { newId } from '../../db/new-id.ts'
import type { SealedSecret } from '../../db/queries/automation-secrets.ts'
import type { Cipher, Place } from './cipher.ts'

/** Values of secrets by slot: `oauth`, and `secrets.name` for the named ones. Never shown, logged or kept in clear. */
export type SecretValues = Readonly<Record<string, string>>

/** Encrypts the value of a secret for a row of its own. */
export function seal(cipher: Cipher, value: string): { id: string; ciphertext: string } {
  const id = newId()
  return { id, ciphertext: cipher.encrypt(value, placeOfRow(id)) }
}

/** The plaintext of secrets, in their order. */
export function openSecrets(cipher: Cipher, secrets: readonly SealedSecret[]): string[] {
  return secrets.map((secret) => cipher.decrypt(secret.ciphertext, placeOf(secret)))
}

/** The plaintext of secrets by slot. */
export function openSlots(cipher: Cipher, secrets: readonly SealedSecret[]): SecretValues {
  const values = openSecrets(cipher, secrets)
  return Object.fromEntries(secrets.map(({ slot }, i) => [slot, values[i] ?? '']))
}

/**
 * What a ciphertext is bound to, so that it opens in its own row alone. Credentials from before there was this table are bound
 * to what named them then, which is just as much one row: the automation, and the version of its credential.
 */
function placeOf({ id, automation_id, version, bound_to }: SealedSecret): Place {
  if (bound_to === 'row') return placeOfRow(id)
  return { table: 'automations', id: automation_id, column: 'oauth_token', version }
}

function placeOfRow(id: string): Place {
  return { table: 'automation_secrets', id, column: 'ciphertext', version: 1 }
}
