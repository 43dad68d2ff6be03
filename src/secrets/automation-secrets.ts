import type { Secret } from '../../db/queries/automation-secrets.ts'
import type { Cipher, Place } from './cipher.ts'

/** Where a secret of an automation belongs. Its row is never given another. */
export function secretPlace(id: string): Place {
  return { table: 'automation_secrets', id, column: 'ciphertext', version: 1 }
}

/** The plaintext of secrets, in their order. */
export function openSecrets(cipher: Cipher, secrets: readonly Secret[]): string[] {
  return secrets.map(({ id, ciphertext }) => cipher.decrypt(ciphertext, secretPlace(id)))
}
