import { type Kysely, sql } from 'kysely'
import type { Space } from '../space.ts'
import type { DB } from '../types.ts'

/** What the automations of a space did since a time, and what comes next. */
export type Digest = {
  succeeded: number
  failed: number
  other: number
  pending: number
  next: { name: string; next_run_at: string } | null
}

/** @param since null is from the beginning. */
export async function find(db: Kysely<DB>, space: Space, since: Date | null): Promise<Digest> {
  const { rows } = await sql<Digest>`
    with ended as (
      select status from automation_runs
       where organization_id = ${space.organizationId} and space_id = ${space.id}
         and finished_at is not null and (${since}::timestamptz is null or finished_at > ${since})
    ), next as (
      select r.name, a.next_run_at
        from automations a
        join automation_revisions r
          on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
       where a.organization_id = ${space.organizationId} and a.space_id = ${space.id} and a.next_run_at is not null
       order by a.next_run_at
       limit 1
    )
    select (select count(*)::integer from ended where status = 'succeeded') as succeeded,
           (select count(*)::integer from ended where status = 'failed') as failed,
           (select count(*)::integer from ended where status not in ('succeeded', 'failed')) as other,
           (select count(*)::integer from automations
             where organization_id = ${space.organizationId} and space_id = ${space.id}
               and (status = 'pending_approval' or pending_revision is not null)) as pending,
           (select to_json(next) from next) as next`.execute(db)
  const [digest] = rows
  if (digest === undefined) throw new Error('a digest is always one row')
  return digest
}
