import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import type { AutomationConfig } from '../../schemas/automations.ts'
import { PERMISSIONS } from '../../src/access/permissions.ts'
import { digestOf } from '../../src/automations/revisions.ts'
import { RULES } from './app.ts'

const ROWS_AT_ONCE = 1000

/** An organization with one Owner, who is logged in. */
export type Workspace = { organizationId: string; userId: string; sessionId: string; spaceIds: string[] }

export async function makeWorkspace(db: Database, spaces: number): Promise<Workspace> {
  const [organizationId, userId, sessionId, roleId] = [newId(), newId(), newId(), newId()]
  const organization_id = organizationId
  await db.insertInto('organizations').values({ id: organizationId, name: 'Bench', slug: organizationId }).execute()
  const account = { email: `${userId}@bench.example`, password_hash: 'none', display_name: 'Bench' }
  await db
    .insertInto('users')
    .values({ id: userId, ...account })
    .execute()
  await db.insertInto('sessions').values({ id: sessionId, user_id: userId }).execute()
  await db.insertInto('members').values({ organization_id, user_id: userId }).execute()
  const role = { id: roleId, name: 'Owner', is_system: true, permissions: [...PERMISSIONS] }
  await db
    .insertInto('roles')
    .values({ organization_id, ...role })
    .execute()
  await db.insertInto('member_roles').values({ organization_id, user_id: userId, role_id: roleId }).execute()
  return { organizationId, userId, sessionId, spaceIds: await makeSpaces(db, { organizationId, userId }, spaces) }
}

/** Makes so many spaces of somebody. @returns their ids. */
export async function makeSpaces(
  db: Database,
  { organizationId, userId }: Pick<Workspace, 'organizationId' | 'userId'>,
  count: number,
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId())
  const rows = ids.map((id) => ({ id, organization_id: organizationId, name: 'Space', created_by: userId }))
  await db.insertInto('spaces').values(rows).execute()
  return ids
}

/** What stands for one automation in a benchmark. */
export type Made = { organizationId: string; spaceId: string; id: string; digest: string }

/**
 * Makes active automations of a kind, as their owner would have: the digest of each is that of its content, so
 * that they really run.
 *
 * @param count spread evenly over the workspaces and their spaces.
 * @param plannedAt when each is due, which must be a time of the config's schedule; null leaves them unplanned.
 */
export async function makeAutomations(
  db: Database,
  workspaces: readonly Workspace[],
  count: number,
  config: AutomationConfig,
  plannedAt: Date | null,
  kind = 'scheduled',
): Promise<Made[]> {
  const all: Made[] = []
  while (all.length < count) {
    const batch = Array.from({ length: Math.min(ROWS_AT_ONCE, count - all.length) }, (_, i) => {
      const workspace = at(workspaces, all.length + i)
      const spaceId = at(workspace.spaceIds, Math.floor((all.length + i) / workspaces.length))
      return content(workspace, spaceId, { kind, config, plannedAt })
    })
    await db.transaction().execute(async (trx) => {
      await trx
        .insertInto('automations')
        .values(batch.map(({ automation }) => automation))
        .execute()
      await trx
        .insertInto('automation_revisions')
        .values(batch.map(({ revision }) => revision))
        .execute()
    })
    all.push(...batch.map(({ made }) => made))
  }
  return all
}

function content(
  { organizationId, userId }: Workspace,
  spaceId: string,
  { kind, config, plannedAt }: { kind: string; config: AutomationConfig; plannedAt: Date | null },
) {
  const id = newId()
  const name = 'Weekly digest'
  const digest = digestOf(id, kind, { name, config, description: null, secretVersions: {} })
  return {
    made: { organizationId, spaceId, id, digest },
    automation: {
      id,
      organization_id: organizationId,
      space_id: spaceId,
      kind,
      status: 'active',
      revision: 1,
      approved_digest: digest,
      created_by_user_id: userId,
      next_run_at: plannedAt,
      next_planned_at: plannedAt,
      checked_by: RULES,
    },
    revision: {
      organization_id: organizationId,
      automation_id: id,
      revision: 1,
      name,
      config: JSON.stringify(config),
      digest,
      authored_by_user_id: userId,
    },
  }
}

/** One of the items, by chance. */
export function pick<T>(items: readonly T[]): T {
  return at(items, Math.floor(Math.random() * items.length))
}

/** One of the items; after the last comes the first again. */
export function at<T>(items: readonly T[], i: number): T {
  const item = items[i % items.length]
  if (item === undefined) throw new Error('there is nothing to choose from')
  return item
}
