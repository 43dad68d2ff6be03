import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

/** What a secret is for: to know who sends events, or to sign requests so that others know who sends them. */
export type Purpose = 'webhook' | 'signing'

export type Secret = { id: string; ciphertext: string }

/** Of an automation: what its secret is for, and which tenant it is of. */
export type Owner = { organizationId: string; automationId: string; purpose: Purpose }

/**
 * Puts a secret in place of the present one, which holds for some seconds more; what came before that one ends. The
 * automation must be locked.
 *
 * @returns until when the one before holds; null where there was none.
 */
export async function replace(
  trx: Transaction<DB>,
  { organizationId, automationId, purpose }: Owner,
  secret: Secret,
  graceSeconds: number,
): Promise<Date | null> {
  const ofOwner = sql`organization_id = ${organizationId} and automation_id = ${automationId} and purpose = ${purpose}`
  await sql`delete from automation_secrets where ${ofOwner} and valid_until is not null`.execute(trx)
  const { rows } = await sql<{ valid_until: Date }>`
    update automation_secrets set valid_until = now() + make_interval(secs => ${graceSeconds}) where ${ofOwner}
    returning valid_until`.execute(trx)
  const row = { ...secret, organization_id: organizationId, automation_id: automationId, purpose }
  await trx.insertInto('automation_secrets').values(row).execute()
  return rows[0]?.valid_until ?? null
}

/** The secrets of an automation that hold, the present one first. */
export async function list(db: Kysely<DB>, { organizationId, automationId, purpose }: Owner): Promise<Secret[]> {
  return db
    .selectFrom('automation_secrets')
    .select(['id', 'ciphertext'])
    .where('organization_id', '=', organizationId)
    .where('automation_id', '=', automationId)
    .where('purpose', '=', purpose)
    .where(sql<boolean>`(valid_until is null or valid_until > now())`)
    .orderBy(sql`valid_until nulls first`)
    .execute()
}
