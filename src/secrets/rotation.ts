import type { Kysely } from 'kysely'
import * as ciphertexts from '../../db/queries/ciphertexts.ts'
import type { DB } from '../../db/types.ts'
import type { Cipher } from './cipher.ts'

const BATCH = 200

/** What became of a column: how many were encrypted again, and how many no key of the ring opens. */
export type Rotated = { column: string; rewritten: number; unreadable: number }

/**
 * Encrypts again, with the first key of the ring, what other keys encrypted. What is done is done: after a crash the next
 * call goes on where this one ended. Servers may run beside it, if their ring has both keys.
 */
export async function* rotate(db: Kysely<DB>, cipher: Cipher): AsyncGenerator<Rotated> {
  for (const name of ciphertexts.NAMES) yield rotateColumn(db, cipher, name)
}

async function rotateColumn(db: Kysely<DB>, cipher: Cipher, name: ciphertexts.Name): Promise<Rotated> {
  const table = ciphertexts.tableOf(name)
  const rotated = { column: `${table}.${name}`, rewritten: 0, unreadable: 0 }
  for (let after: string | null = null; ; ) {
    const batch = await ciphertexts.listOfOtherKeys(db, name, cipher.keyId, after, BATCH)
    for (const { id, place, ciphertext } of batch) {
      const plaintext = open(cipher, ciphertext, place)
      if (plaintext === undefined) rotated.unreadable++
      else if (await ciphertexts.replace(db, name, { id, ciphertext }, cipher.encrypt(plaintext, place)))
        rotated.rewritten++
    }
    const last = batch.at(-1)
    if (last === undefined) return rotated
    after = last.id
  }
}

/** @returns undefined where the key is not in the ring, or the text is not what was written there. */
function open(cipher: Cipher, ciphertext: string, place: Parameters<Cipher['decrypt']>[1]): string | undefined {
  try {
    return cipher.decrypt(ciphertext, place)
  } catch {
    return undefined
  }
}
