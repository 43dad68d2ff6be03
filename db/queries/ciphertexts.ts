import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { DB } from '../types.ts'

/** Where ciphertexts are: a column, the key of its rows as text and back, and what each is bound to. */
type Column = {
  table: keyof DB
  column: string
  id: RawBuilder<string>
  toKey: (id: string | null) => RawBuilder<unknown>
  /** As src/secrets/cipher.ts has it, in JSON. */
  place: RawBuilder<Place>
}

const COLUMNS = {
  response: {
    table: 'idempotency_keys',
    column: 'response',
    id: sql`encode(id, 'hex')`,
    toKey: (id) => sql`decode(${id}, 'hex')`,
    place: sql`json_build_object('table', 'idempotency_keys', 'id', encode(id, 'hex'), 'column', 'response', 'version', 1)`,
  },
  ciphertext: {
    table: 'automation_secrets',
    column: 'ciphertext',
    id: sql`id::text`,
    toKey: (id) => sql`${id}::uuid`,
    place: sql`
      case bound_to
        when 'row' then json_build_object('table', 'automation_secrets', 'id', id, 'column', 'ciphertext', 'version', 1)
        else json_build_object('table', 'automations', 'id', automation_id, 'column', 'oauth_token', 'version', version)
      end`,
  },
  tokens: {
    table: 'social_sessions',
    column: 'tokens',
    id: sql`id::text`,
    toKey: (id) => sql`${id}::uuid`,
    place: sql`json_build_object('table', 'social_sessions', 'id', id, 'column', 'tokens', 'version', 1)`,
  },
} satisfies Record<string, Column>

export type Name = keyof typeof COLUMNS

/** Every column that holds ciphertexts, with the name that they are bound to. */
export const NAMES = Object.keys(COLUMNS) as Name[]

/** The table that a column is of. */
export function tableOf(name: Name): string {
  return COLUMNS[name].table
}

type Place = { table: string; id: string; column: string; version: number }

export type Ciphertext = { id: string; place: Place; ciphertext: string }

/**
 * Up to `most` ciphertexts that another key than `keyId` wrote, in the order of the primary key.
 *
 * @param after the id of the last one of the batch before; null for the first.
 */
export async function listOfOtherKeys(
  db: Kysely<DB>,
  name: Name,
  keyId: string,
  after: string | null,
  most: number,
): Promise<Ciphertext[]> {
  const { table, column, id, toKey, place }: Column = COLUMNS[name]
  const { rows } = await sql<Ciphertext>`
    select ${id} as id, ${place} as place, ${sql.ref(column)} as ciphertext
      from ${sql.table(table)}
     where split_part(${sql.ref(column)}, '.', 1) <> ${keyId}
       and (${after}::text is null or ${sql.table(table)}.id > ${toKey(after)})
     order by ${sql.table(table)}.id
     limit ${most}`.execute(db)
  return rows
}

/** Puts a ciphertext in the place of another. @returns false where something else stands there by now. */
export async function replace(
  db: Kysely<DB>,
  name: Name,
  before: Pick<Ciphertext, 'id' | 'ciphertext'>,
  after: string,
): Promise<boolean> {
  const { table, column, toKey }: Column = COLUMNS[name]
  const { numAffectedRows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${after}
     where id = ${toKey(before.id)} and ${sql.ref(column)} = ${before.ciphertext}`.execute(db)
  return numAffectedRows === 1n
}
