import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
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
  /** When they marked it as read; null for what is as it was not when they did. */
  read_at: Date | null
}

/** A person, the permission by which people decide, and those that let in everywhere. */
export type Decider = { userId: string; decide: string; enterEverySpace: readonly string[] }

/** What is asked for: null for all. */
export type Wanted = {
  organizationId: string | null
  spaceId: string | null
  isChange: boolean | null
  unreadOnly: boolean
  most: number
}

/** The proposals in the spaces that a person may enter, in all organizations where they may decide. */
function waitingFor(
  { userId, decide, enterEverySpace }: Decider,
  { organizationId, spaceId }: Pick<Wanted, 'organizationId' | 'spaceId'>,
): RawBuilder<unknown> {
  return sql`
    select a.organization_id, a.space_id, s.name as space_name, a.id as automation_id,
           coalesce(a.pending_revision, a.revision) as revision, a.pending_revision is not null as is_change
      from (
        select mr.organization_id, array_agg(r.id) as role_ids,
               bool_or(r.permissions && array[${decide}]) as decides,
               bool_or(r.permissions && ${[...enterEverySpace]}::text[]) as enters_every_space
          from member_roles mr
          join roles r on r.organization_id = mr.organization_id and r.id = mr.role_id
         where mr.user_id = ${userId}::uuid
           and (${organizationId}::uuid is null or mr.organization_id = ${organizationId}::uuid)
         group by mr.organization_id
      ) held
      cross join (select ${userId}::uuid as user_id) c
      join members m on m.organization_id = held.organization_id and m.user_id = c.user_id
      join automations a on a.organization_id = held.organization_id
       and (a.status = 'pending_approval' or a.pending_revision is not null)
      join spaces s on s.organization_id = a.organization_id and s.id = a.space_id
     where held.decides and (held.enters_every_space or ${LISTED})
       and (${spaceId}::uuid is null or a.space_id = ${spaceId}::uuid)`
}

/**
 * What waits for a person, the newest first, without what they took out of their inbox.
 *
 * @returns some of it, and how much of all of it is unread.
 */
export async function list(
  db: Kysely<DB>,
  decider: Decider,
  wanted: Wanted,
): Promise<{ rows: Notification[]; unread: number }> {
  const { isChange, unreadOnly, most } = wanted
  const { rows } = await sql<Notification & { unread: number }>`
    select w.automation_id, w.organization_id, w.space_id, w.space_name, w.is_change, p.name,
           coalesce(sa.name, u.display_name) as proposed_by_name, p.created_at, mark.read_at,
           (count(*) filter (where mark.read_at is null) over ())::integer as unread
      from (${waitingFor(decider, wanted)}) w
      join automation_revisions p
        on p.organization_id = w.organization_id and p.automation_id = w.automation_id and p.revision = w.revision
      left join service_accounts sa on sa.id = p.authored_by_service_account_id
      left join users u on u.id = p.authored_by_user_id
      left join notification_marks mark
        on mark.organization_id = w.organization_id and mark.user_id = ${decider.userId}::uuid
       and mark.automation_id = w.automation_id and mark.revision = w.revision
     where mark.is_removed is not true
       and (${isChange}::boolean is null or w.is_change = ${isChange}::boolean)
       and (not ${unreadOnly}::boolean or mark.read_at is null)
     order by p.created_at desc, w.automation_id
     limit ${most}`.execute(db)
  return { rows: rows.map(({ unread: _, ...row }) => row), unread: rows[0]?.unread ?? 0 }
}

/**
 * Marks what waits for a person as read, or as taken out of their inbox.
 *
 * @param automationIds of which proposals; null for all.
 * @returns how many were not so before.
 */
export async function mark(
  trx: Transaction<DB>,
  decider: Decider,
  organizationId: string,
  { automationIds, isRemoved }: { automationIds: readonly string[] | null; isRemoved: boolean },
): Promise<number> {
  // Held in place, so that none is deleted, and nobody leaves, before its mark is there. In one order, because another request of
  // theirs may mark the same.
  const { numAffectedRows = 0n } = await sql`
    with waiting as (${waitingFor(decider, { organizationId, spaceId: null })} for key share of a, m)
    insert into notification_marks as mark (organization_id, user_id, automation_id, revision, is_removed)
    select w.organization_id, ${decider.userId}::uuid, w.automation_id, w.revision, ${isRemoved}::boolean
      from waiting w
     where ${automationIds && [...automationIds]}::uuid[] is null or w.automation_id = any(${automationIds && [...automationIds]}::uuid[])
     order by w.automation_id
        on conflict (organization_id, user_id, automation_id) do update
       set revision = excluded.revision, is_removed = excluded.is_removed,
           read_at = case when mark.revision = excluded.revision then mark.read_at else excluded.read_at end
     where mark.revision <> excluded.revision or excluded.is_removed and not mark.is_removed`.execute(trx)
  return Number(numAffectedRows)
}
