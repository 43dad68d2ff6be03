import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'
import type { Owner } from './automation-secrets.ts'

/** For how long a name that was let go is kept from other organizations, whose visitors would come to somebody else. */
const KEPT_DAYS = 7
const MOST_KEPT = 20

/** A name, and whether it was made here rather than asked for. */
export type Name = { subdomain: string; isMade: boolean }

/**
 * Gives an automation a name in place of the one that it has.
 *
 * @returns false where another automation has it, or another organization had it a while ago: then the transaction is not to be
 * committed.
 */
export async function claim(
  trx: Transaction<DB>,
  { organizationId, automationId }: Owner,
  { subdomain, isMade }: Name,
): Promise<boolean> {
  await forget(trx, organizationId)
  await trx
    .updateTable('tunnel_names')
    .set({ automation_id: null })
    .where('organization_id', '=', organizationId)
    .where('automation_id', '=', automationId)
    .where('subdomain', '<>', subdomain)
    .execute()
  const { rows } = await sql`
    insert into tunnel_names as n (subdomain, organization_id, automation_id, is_made)
    values (${subdomain}, ${organizationId}, ${automationId}, ${isMade})
        on conflict (subdomain) do update
       set organization_id = excluded.organization_id, automation_id = excluded.automation_id,
           is_made = excluded.is_made, freed_at = null
     where (n.organization_id = excluded.organization_id
            and coalesce(n.automation_id, excluded.automation_id) = excluded.automation_id)
        or n.freed_at < now() - make_interval(days => ${KEPT_DAYS})
    returning 1`.execute(trx)
  return rows.length === 1
}

/** An organization keeps the last names that it let go, and no more: they are not others' for being asked for in turn. */
async function forget(trx: Transaction<DB>, organizationId: string): Promise<void> {
  await sql`
    delete from tunnel_names
     where organization_id = ${organizationId} and freed_at is not null
       and (is_made or subdomain in (
         select subdomain from tunnel_names
          where organization_id = ${organizationId} and freed_at is not null
          order by freed_at desc offset ${MOST_KEPT}))`.execute(trx)
}

/** The name of an automation; undefined where it has none. */
export async function find(db: Kysely<DB>, { organizationId, automationId }: Owner): Promise<string | undefined> {
  const row = await db
    .selectFrom('tunnel_names')
    .select('subdomain')
    .where('organization_id', '=', organizationId)
    .where('automation_id', '=', automationId)
    .executeTakeFirst()
  return row?.subdomain
}

/** Forgets up to `most` names that were let go long enough ago. @returns how many it forgot. */
export async function removeFreed(db: Kysely<DB>, most: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from tunnel_names
     where subdomain = any(array(
       select subdomain from tunnel_names
        where freed_at < now() - make_interval(days => ${KEPT_DAYS})
        limit ${most} for update skip locked))`.execute(db)
  return Number(numAffectedRows)
}
