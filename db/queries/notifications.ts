import { type Kysely, sql } from 'kysely'
import type { DB } from '../types.ts'
import { LISTED } from './access.ts'

/** A proposal that waits for the decision of somebody. */
export type Notification = {
  automation_id: string
  organization_id: string
  space_id: string
  space_name: string
  /** Whether it is a change of what runs, and not a new automation. */
  is_change: boolean
  name: string
  proposed_by_name: string
  created_at: Date
}

/** What is asked for: null for all. */
export type Wanted = { organizationId: string | null; spaceId: string | null; isChange: boolean | null; most: number }

/**
 * What waits for a person, in all organizations where they may decide, the newest first: proposals in the spaces that they may enter.
 *
 * @param may the permission to decide, and those that let in everywhere.
 * @returns some of it, and how much it is in all.
 */
export async function list(
  db: Kysely<DB>,
  userId: string,
  may: { decide: string; enterEverySpace: readonly string[] },
  { organizationId, spaceId, isChange, most }: Wanted,
): Promise<{ rows: Notification[]; count: number }> {
  const { rows } = await sql<Notification & { count: number }>`
    with c as (
      select ${userId}::uuid as user_id
    ), held as (
      select mr.organization_id, array_agg(r.id) as role_ids,
             bool_or(r.permissions && array[${may.decide}]) as decides,
             bool_or(r.permissions && ${[...may.enterEverySpace]}::text[]) as enters_every_space
        from member_roles mr
        join roles r on r.organization_id = mr.organization_id and r.id = mr.role_id
       where mr.user_id = ${userId}::uuid
         and (${organizationId}::uuid is null or mr.organization_id = ${organizationId}::uuid)
       group by mr.organization_id
    )
    select a.id as automation_id, a.organization_id, a.space_id, s.name as space_name,
           a.pending_revision is not null as is_change, p.name,
           coalesce(sa.name, u.display_name) as proposed_by_name, p.created_at, (count(*) over ())::integer as count
      from held
      cross join c
      join automations a on a.organization_id = held.organization_id
       and (a.status = 'pending_approval' or a.pending_revision is not null)
      join spaces s on s.organization_id = a.organization_id and s.id = a.space_id
      join automation_revisions p
        on p.organization_id = a.organization_id and p.automation_id = a.id
       and p.revision = coalesce(a.pending_revision, a.revision)
      left join service_accounts sa on sa.id = p.authored_by_service_account_id
      left join users u on u.id = p.authored_by_user_id
     where held.decides and (held.enters_every_space or ${LISTED})
       and (${spaceId}::uuid is null or a.space_id = ${spaceId}::uuid)
       and (${isChange}::boolean is null or (a.pending_revision is not null) = ${isChange}::boolean)
     order by p.created_at desc, a.id
     limit ${most}`.execute(db)
  return { rows: rows.map(({ count: _, ...row }) => row), count: rows[0]?.count ?? 0 }
}
