import { v7 as newId } from 'uuid'
import type { Database } from '../db/client.ts'
import { PERMISSIONS } from '../src/access/permissions.ts'

const SPACES = 1000
const AUTOMATIONS_PER_SPACE = 10
const ROWS_AT_ONCE = 1000

export type Dataset = {
  organizationId: string
  userId: string
  sessionId: string
  spaceIds: string[]
  automations: { spaceId: string; id: string }[]
}

/** One organization with an Owner, 1,000 spaces and 10 automations in each. */
export async function seed(db: Database): Promise<Dataset> {
  const organizationId = newId()
  const userId = newId()
  const sessionId = newId()
  const roleId = newId()
  const organization_id = organizationId
  await db.insertInto('organizations').values({ id: organizationId, name: 'Bench', slug: 'bench' }).execute()
  const account = { email: 'bench@example.com', password_hash: 'none', display_name: 'Bench' }
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

  const spaceIds = Array.from({ length: SPACES }, () => newId())
  const spaces = spaceIds.map((id) => ({ id, organization_id, name: 'Space', created_by: userId }))
  await db.insertInto('spaces').values(spaces).execute()
  const automations = spaceIds.flatMap((spaceId) =>
    Array.from({ length: AUTOMATIONS_PER_SPACE }, () => ({ spaceId, id: newId() })),
  )
  for (let i = 0; i < automations.length; i += ROWS_AT_ONCE) {
    const some = automations.slice(i, i + ROWS_AT_ONCE)
    const rows = some.map(({ spaceId, id }) => row({ organizationId, spaceId, userId, id }))
    const revisions = some.map(({ id }) => revision({ organizationId, userId, id }))
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('automations').values(rows).execute()
      await trx.insertInto('automation_revisions').values(revisions).execute()
    })
  }
  return { organizationId, userId, sessionId, spaceIds, automations }
}

const DIGEST = `sha256:${'0'.repeat(64)}`

function row({ organizationId, spaceId, userId, id }: Record<'organizationId' | 'spaceId' | 'userId' | 'id', string>) {
  return {
    id,
    organization_id: organizationId,
    space_id: spaceId,
    kind: 'scheduled',
    status: 'active',
    revision: 1,
    approved_digest: DIGEST,
    created_by_user_id: userId,
  }
}

function revision({ organizationId, userId, id }: Record<'organizationId' | 'userId' | 'id', string>) {
  return {
    organization_id: organizationId,
    automation_id: id,
    revision: 1,
    name: 'Weekly digest',
    config: JSON.stringify({ cron: '0 9 * * MON', channel: 'general' }),
    digest: DIGEST,
    authored_by_user_id: userId,
  }
}
