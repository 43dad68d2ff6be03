import * as notifications from '../../db/queries/notifications.ts'
import * as signupRequests from '../../db/queries/signup-requests.ts'
import * as users from '../../db/queries/users.ts'
import { ref } from '../../schemas/component.ts'
import { Me, MeUpdate } from '../../schemas/me.ts'
import { NotificationListResponse, NotificationQuery } from '../../schemas/notifications.ts'
import type { Actor } from '../../src/access/actor.ts'
import { SEES_EVERY_SPACE } from '../../src/access/permissions.ts'
import { unauthorized } from '../core/authentication.ts'
import { DEFAULT_LIMIT } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** The caller. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'signed_in' },
      schema: {
        operationId: 'getMe',
        tags: ['Me'],
        summary: 'Get the caller',
        description: 'Also tells a service account which one it is.',
        response: { 200: ref(Me) },
      },
    },
    async ({ actor }) => show(actor),
  )

  app.patch(
    '',
    {
      config: { permission: 'signed_in', peopleOnly: true },
      schema: {
        operationId: 'updateMe',
        tags: ['Me'],
        summary: 'Update the caller',
        description: 'What is left out stays as it is.',
        body: ref(MeUpdate),
        response: { 200: ref(Me) },
      },
    },
    async ({ actor, body }) => {
      if (body.display_name !== undefined) await users.rename(db, actor.userId, body.display_name.trim())
      return show(actor)
    },
  )

  app.get(
    '/notifications',
    {
      config: { permission: 'signed_in' },
      schema: {
        operationId: 'listMyNotifications',
        tags: ['Me'],
        summary: 'List what waits for the caller',
        description:
          'Proposals that the caller may decide, the newest first, in all organizations: what an inbox shows. Nothing waits for AI staff.',
        querystring: NotificationQuery,
        response: { 200: ref(NotificationListResponse) },
      },
    },
    async ({ actor, query: { limit = DEFAULT_LIMIT, org_id = null, space_id = null, type, chat_room_id } }) => {
      if (actor.type !== 'user' || chat_room_id !== undefined) return { notifications: [], unread_count: 0 }
      const wanted = { organizationId: org_id, spaceId: space_id, most: limit }
      const isChange = type === undefined ? null : type === 'automation.change_proposed'
      const found = await notifications.list(db, actor.userId, DECIDERS, { ...wanted, isChange })
      return { notifications: found.rows.map(toNotification), unread_count: found.count }
    },
  )

  async function show(actor: Actor): Promise<Me> {
    const [account, waitsFor] = await Promise.all([
      users.find(db, actor.userId),
      signupRequests.findPending(db, actor.userId),
    ])
    if (account === undefined) throw unauthorized()
    const { id, email, display_name, created_at } = account
    const service_account =
      actor.type === 'service_account' ? { id: actor.id, organization_id: actor.organizationId } : null
    const signup_request = waitsFor === undefined ? null : { ...waitsFor, status: 'pending' as const }
    const signup_pending = signup_request !== null
    return { id, email, display_name, created_at, service_account, signup_request, signup_pending }
  }
}

/** Who decides about proposals, and where. */
const DECIDERS = { decide: 'files.write', enterEverySpace: SEES_EVERY_SPACE }

function toNotification({ is_change, space_name, name, proposed_by_name, ...row }: notifications.Notification) {
  const what = is_change ? 'a change of an automation' : 'an automation'
  return {
    id: row.automation_id,
    type: is_change ? ('automation.change_proposed' as const) : ('automation.proposed' as const),
    title: name,
    body: `${proposed_by_name} proposes ${what} in ${space_name}`,
    ...row,
    read_at: null,
  }
}

export default routes
