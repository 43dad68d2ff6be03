import { type Kysely, sql, type Transaction } from 'kysely'
import type { DB } from '../types.ts'

export type Invite = {
  id: string
  organization_id: string
  email: string | null
  created_by: string
  created_at: Date
  expires_at: Date
  accepted_at: Date | null
}

const INVITE = ['id', 'organization_id', 'email', 'created_by', 'created_at', 'expires_at', 'accepted_at'] as const

export async function insert(
  trx: Transaction<DB>,
  organizationId: string,
  row: { id: string; email: string | null; token_hash: Buffer; created_by: string; days: number },
): Promise<Invite> {
  const { days, ...columns } = row
  return trx
    .insertInto('invites')
    .values({
      ...columns,
      organization_id: organizationId,
      expires_at: sql<Date>`now() + make_interval(days => ${days})`,
    })
    .returning(INVITE)
    .executeTakeFirstOrThrow()
}

/**
 * The invite of a token, while somebody may accept it: unused, not expired, and made by somebody who could still make
 * it. Else whoever was sent away could come back by an invite kept for that day.
 */
export async function findOpen(db: Kysely<DB>, tokenHash: Buffer): Promise<Invite | undefined> {
  return db
    .selectFrom('invites')
    .select(INVITE)
    .where('token_hash', '=', tokenHash)
    .where('accepted_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('member_roles')
          .innerJoin('roles', 'roles.id', 'member_roles.role_id')
          .select('roles.id')
          .whereRef('member_roles.organization_id', '=', 'invites.organization_id')
          .whereRef('member_roles.user_id', '=', 'invites.created_by')
          .where(sql<boolean>`'org.members.manage' = any(roles.permissions)`),
      ),
    )
    .executeTakeFirst()
}

/** Uses an invite up: of many at once exactly one gets true. */
export async function claim(
  trx: Transaction<DB>,
  organizationId: string,
  id: string,
  acceptedBy: string,
): Promise<boolean> {
  const row = await trx
    .updateTable('invites')
    .set({ accepted_at: sql<Date>`now()`, accepted_by: acceptedBy })
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('accepted_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}
