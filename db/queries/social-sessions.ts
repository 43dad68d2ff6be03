import { type Kysely, sql } from 'kysely'
import { newId } from '../new-id.ts'
import type { DB } from '../types.ts'
import type { Owner } from './automation-secrets.ts'

/** One version of the credential of an automation. */
export type CredentialKey = Owner & { version: number }

export type SocialSession = { id: string; generation: number; tokens: string | null; rejected_at: Date | null }

/** What a network made of a credential; undefined where nothing came of it yet. */
export async function find(db: Kysely<DB>, key: CredentialKey): Promise<SocialSession | undefined> {
  return db
    .selectFrom('social_sessions')
    .select(['id', 'generation', 'tokens', 'rejected_at'])
    .where('organization_id', '=', key.organizationId)
    .where('automation_id', '=', key.automationId)
    .where('version', '=', key.version)
    .executeTakeFirst()
}

/**
 * Takes the renewal of a session upon oneself, for some seconds.
 *
 * @param generation the one that is to be renewed.
 * @returns the id of its row; undefined where another is at it, or has been.
 */
export async function claim(
  db: Kysely<DB>,
  { organizationId, automationId, version }: CredentialKey,
  generation: number,
  { lease, seconds }: { lease: string; seconds: number },
): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    insert into social_sessions as s (id, organization_id, automation_id, version, lease, leased_until)
    values (${newId()}, ${organizationId}, ${automationId}, ${version}, ${lease}, now() + make_interval(secs => ${seconds}))
    on conflict (organization_id, automation_id, version) do update
      set lease = excluded.lease, leased_until = excluded.leased_until
      where s.generation = ${generation} and s.rejected_at is null
        and (s.leased_until is null or s.leased_until < now())
    returning id`.execute(db)
  return rows[0]?.id
}

/**
 * Puts a new session in the place of one.
 *
 * @param generation the one that was renewed: whoever comes second changes nothing.
 * @returns whether it was put there.
 */
export async function save(db: Kysely<DB>, id: string, generation: number, tokens: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('social_sessions')
    .set({ tokens, generation: generation + 1, lease: null, leased_until: null, rejected_at: null })
    .where('id', '=', id)
    .where('generation', '=', generation)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Lets go of a renewal that came to nothing. */
export async function release(db: Kysely<DB>, id: string, lease: string): Promise<void> {
  await db
    .updateTable('social_sessions')
    .set({ lease: null, leased_until: null })
    .where('id', '=', id)
    .where('lease', '=', lease)
    .execute()
}

/** Notes that the network does not accept a credential. @param generation of the session that it refused. */
export async function reject(
  db: Kysely<DB>,
  { organizationId, automationId, version }: CredentialKey,
  generation: number,
): Promise<void> {
  await sql`
    insert into social_sessions as s (id, organization_id, automation_id, version, rejected_at)
    values (${newId()}, ${organizationId}, ${automationId}, ${version}, now())
    on conflict (organization_id, automation_id, version) do update
      set rejected_at = excluded.rejected_at, lease = null, leased_until = null
      where s.generation = ${generation} and s.rejected_at is null`.execute(db)
}
