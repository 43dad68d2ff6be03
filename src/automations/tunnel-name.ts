import { randomInt } from 'node:crypto'
import type { Transaction } from 'kysely'
import type { Owner } from '../../db/queries/automation-secrets.ts'
import * as tunnelNames from '../../db/queries/tunnel-names.ts'
import type { DB } from '../../db/types.ts'
import { ApiError } from '../errors.ts'

/** Without those that are taken for one another. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'
const MADE_LENGTH = 12

/**
 * Gives an automation the name by which its tunnel is reached: the one that it asks for, or one that nobody guesses.
 *
 * @throws ApiError `subdomain_taken`
 */
export async function nameTunnel(trx: Transaction<DB>, owner: Owner, wanted: string | undefined): Promise<void> {
  const name = { subdomain: wanted ?? madeName(), isMade: wanted === undefined }
  if (await tunnelNames.claim(trx, owner, name)) return
  const details = [{ path: '/config/subdomain', message: 'is the name of another tunnel, or was until lately' }]
  throw new ApiError('subdomain_taken', { details })
}

function madeName(): string {
  return Array.from({ length: MADE_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}
