import { type Kysely, sql, type Transaction } from 'kysely'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

// Each value of a secret is a row of its own, which keeps its slot and version for good: digests name them. What is not needed
// any more loses its ciphertext and keeps its row, so that no version is ever given twice.

/** The secret by which the senders of an automation's events are known. */
export const INTAKE_SLOT = 'webhook'
/** The secret with which its requests are signed. */
export const SIGNING_SLOT = 'signing'
/** The slots in which one value follows another at once, while the one before still holds for a time. */
export type RotatingSlot = typeof INTAKE_SLOT | typeof SIGNING_SLOT

/** The credential of an automation. */
export const OAUTH_SLOT = 'oauth'
/** What the slots of named secrets begin with. */
const NAMED_SLOTS = 'secrets.'

/** The slot of a named secret. */
export function slotOf(name: string): string {
  return `${NAMED_SLOTS}${name}`
}

/** The name of the secret that a slot holds; undefined for the slots of secrets without names. */
export function nameOf(slot: string): string | undefined {
  return slot.startsWith(NAMED_SLOTS) ? slot.slice(NAMED_SLOTS.length) : undefined
}

/** What stands by slot, of the named secrets alone and by their names. */
export function byName<T>(bySlot: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(bySlot).flatMap(([slot, each]) => {
      const name = nameOf(slot)
      return name === undefined ? [] : [[name, each]]
    }),
  )
}

/** A value that is encrypted, and all that its ciphertext is bound to. */
export type SealedSecret = {
  id: string
  automation_id: string
  slot: string
  version: number
  bound_to: string
  ciphertext: string
}

/** Of an automation, and which tenant it is of. */
export type Owner = { organizationId: string; automationId: string }

/** An automation of a space as the owner of its secrets. */
export function ownerOf({ organizationId }: Space, automationId: string): Owner {
  return { organizationId, automationId }
}

/** `userId` is who set it. */
export type NewSecret = { id: string; ciphertext: string; userId: string | null }

/**
 * Puts a secret in place of the present one, which holds for some seconds more; what came before that one ends. The
 * automation must be locked.
 *
 * @returns until when the one before holds; null where there was none.
 */
export async function replace(
  trx: Transaction<DB>,
  owner: Owner,
  slot: RotatingSlot,
  secret: NewSecret,
  graceSeconds: number,
): Promise<Date | null> {
  const ofSlot = sql`organization_id = ${owner.organizationId} and automation_id = ${owner.automationId} and slot = ${slot}`
  await sql`
    update automation_secrets set ciphertext = null where ${ofSlot} and valid_until is not null`.execute(trx)
  const { rows } = await sql<{ valid_until: Date }>`
    update automation_secrets set valid_until = now() + make_interval(secs => ${graceSeconds})
     where ${ofSlot} and valid_until is null
    returning valid_until`.execute(trx)
  await insert(trx, owner, slot, secret)
  return rows[0]?.valid_until ?? null
}

/** Writes the next version of a slot. The automation must be locked. @returns its number. */
export async function insert(
  trx: Transaction<DB>,
  { organizationId, automationId }: Owner,
  slot: string,
  { id, ciphertext, userId }: NewSecret,
): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    insert into automation_secrets (id, organization_id, automation_id, slot, version, ciphertext, set_by_user_id)
    select ${id}, ${organizationId}, ${automationId}, ${slot}, coalesce(max(version), 0) + 1, ${ciphertext}, ${userId}
      from automation_secrets
     where organization_id = ${organizationId} and automation_id = ${automationId} and slot = ${slot}
    returning version`.execute(trx)
  return rows[0]?.version ?? 0
}

/** The secrets of a slot that hold, the present one first. */
export async function list(db: Kysely<DB>, owner: Owner, slot: RotatingSlot): Promise<SealedSecret[]> {
  return sealed(db, owner)
    .where('slot', '=', slot)
    .where(sql<boolean>`(valid_until is null or valid_until > now())`)
    .orderBy(sql`valid_until nulls first`)
    .execute()
}

/** The credential and the named secrets of an automation, every version that has its value still, by slot and version. */
export async function listVersions(db: Kysely<DB>, owner: Owner) {
  return db
    .selectFrom('automation_secrets')
    .select(['slot', 'version', 'set_by_user_id', 'created_at'])
    .where('organization_id', '=', owner.organizationId)
    .where('automation_id', '=', owner.automationId)
    .where(sql<boolean>`(slot = ${OAUTH_SLOT} or slot like ${slotOf('%')})`)
    .where('ciphertext', 'is not', null)
    .orderBy('slot')
    .orderBy('version')
    .execute()
}

/** When the credential was set that a content names; null where it names none. */
export async function findSetAt(
  db: Kysely<DB>,
  owner: Owner,
  { [OAUTH_SLOT]: version }: Readonly<Record<string, number>>,
): Promise<Date | null> {
  if (version === undefined) return null
  const versions = await listVersions(db, owner)
  return versions.find((each) => each.slot === OAUTH_SLOT && each.version === version)?.created_at ?? null
}

/** Whether a secret is stored for an automation, in any slot. */
export async function hasAny(db: Kysely<DB>, owner: Owner): Promise<boolean> {
  const row = await sealed(db, owner).limit(1).executeTakeFirst()
  return row !== undefined
}

/** One version of a slot that has its value still. */
export type Version = Awaited<ReturnType<typeof listVersions>>[number]

/** What to open: some versions of an automation, by slot. */
export type Wanted = Owner & { versions: Readonly<Record<string, number>> }

/** The values of some versions of many automations. What is destroyed is left out. */
export async function listWanted(db: Kysely<DB>, wanted: readonly Wanted[]): Promise<SealedSecret[]> {
  const keys = wanted.flatMap(({ organizationId, automationId, versions }) =>
    Object.entries(versions).map(([slot, version]) => ({
      organization_id: organizationId,
      automation_id: automationId,
      slot,
      version,
    })),
  )
  if (keys.length === 0) return []
  const { rows } = await sql<SealedSecret>`
    select s.id, s.automation_id, s.slot, s.version, s.bound_to, s.ciphertext
      from json_to_recordset(${JSON.stringify(keys)}::json)
             as k (organization_id uuid, automation_id uuid, slot text, version integer)
      join automation_secrets s using (organization_id, automation_id, slot, version)
     where s.ciphertext is not null`.execute(db)
  return rows
}

/** Destroys values: some versions of an automation, and what networks gave for them. */
export async function destroy(
  trx: Transaction<DB>,
  { organizationId, automationId }: Owner,
  versions: readonly Pick<Version, 'slot' | 'version'>[],
): Promise<void> {
  await sql`
    with destroyed as (
      update automation_secrets s set ciphertext = null
        from json_to_recordset(${JSON.stringify(versions)}::json) as d (slot text, version integer)
       where s.organization_id = ${organizationId} and s.automation_id = ${automationId}
         and s.slot = d.slot and s.version = d.version
      returning s.slot, s.version
    )
    delete from social_sessions o
     using destroyed d
     where o.organization_id = ${organizationId} and o.automation_id = ${automationId}
       and d.slot = ${OAUTH_SLOT} and o.version = d.version`.execute(trx)
}

/** Destroys up to `most` values that followed others and hold no more. @returns how many it destroyed. */
export async function destroyExpired(db: Kysely<DB>, most: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    update automation_secrets set ciphertext = null
     where id = any(array(
       select id from automation_secrets where valid_until < now() and ciphertext is not null
        limit ${most} for update skip locked))`.execute(db)
  return Number(numAffectedRows)
}

function sealed(db: Kysely<DB>, { organizationId, automationId }: Owner) {
  return db
    .selectFrom('automation_secrets')
    .select(['id', 'automation_id', 'slot', 'version', 'bound_to', sql<string>`ciphertext`.as('ciphertext')])
    .where('organization_id', '=', organizationId)
    .where('automation_id', '=', automationId)
    .where('ciphertext', 'is not', null)
}
