import type { Kysely } from 'kysely'
import { v7 as newId } from 'uuid'
import type { DB } from '../../db/types.ts'

/** Makes somebody who is logged in a member, whose only role holds these permissions; none is no role. */
export async function admit(
  db: Kysely<DB>,
  { organizationId }: { organizationId: string },
  permissions: string[],
): Promise<{ sessionId: string; userId: string }> {
  const [userId, sessionId, roleId, organization_id] = [newId(), newId(), newId(), organizationId]
  const user = { id: userId, email: `${userId}@example.com`, password_hash: 'none', display_name: 'U' }
  await db.insertInto('users').values(user).execute()
  await db.insertInto('sessions').values({ id: sessionId, user_id: userId }).execute()
  await db.insertInto('members').values({ organization_id, user_id: userId }).execute()
  if (permissions.length === 0) return { sessionId, userId }
  await db.insertInto('roles').values({ organization_id, id: roleId, name: roleId, permissions }).execute()
  await db.insertInto('member_roles').values({ organization_id, user_id: userId, role_id: roleId }).execute()
  return { sessionId, userId }
}
