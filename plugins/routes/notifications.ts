import * as notifications from '../../db/queries/notifications.ts'
import { ref } from '../../schemas/component.ts'
import {
  type Notification,
  NotificationListResponse,
  NotificationQuery,
  NotificationsRead,
  NotificationsReadResponse,
  NotificationsRemoved,
  NotificationsRemovedResponse,
} from '../../schemas/notifications.ts'
import type { Actor } from '../../src/access/actor.ts'
import { SEES_EVERY_SPACE } from '../../src/access/permissions.ts'
import { DEFAULT_LIMIT } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** The inbox of the caller: what waits for their decision. What they decide is in decisions.ts, the queue in reviews.ts. */
const routes: RoutePlugin = async (app) => {
  app.get(
    '',
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
    async ({
      actor,
      query: { limit = DEFAULT_LIMIT, org_id = null, space_id = null, type, unread_only, chat_room_id },
    }) => {
      const isChange = type === undefined ? null : IS_CHANGE.get(type)
      if (actor.type !== 'user' || chat_room_id !== undefined || isChange === undefined)
        return { notifications: [], ids: [], unread_count: 0 }
      const { rows, unread } = await notifications.list(app.db, deciderOf(actor), {
        organizationId: org_id,
        spaceId: space_id,
        isChange,
        unreadOnly: unread_only === '1' || unread_only === 'true',
        most: limit,
      })
      const shown = rows.map((row) => toShown(row, actor.userId))
      return { notifications: shown, ids: shown.map(({ id }) => id), unread_count: unread }
    },
  )

  app.post(
    '/mark-read',
    {
      config: { permission: 'signed_in', peopleOnly: true },
      schema: {
        operationId: 'markMyNotificationsRead',
        tags: ['Me'],
        summary: 'Mark what waits for the caller as read',
        description: 'For the caller alone. What does not wait for them is passed over.',
        body: ref(NotificationsRead),
        response: { 200: ref(NotificationsReadResponse) },
      },
    },
    async ({ actor, body: { org_id, ids } }, reply) =>
      reply.code(200).transact(async (trx) => {
        const wanted = { automationIds: ids.length === 0 ? null : ids, isRemoved: false }
        return { updated: await notifications.mark(trx, deciderOf(actor), org_id, wanted) }
      }),
  )

  app.post(
    '/delete',
    {
      config: { permission: 'signed_in', peopleOnly: true },
      schema: {
        operationId: 'removeMyNotifications',
        tags: ['Me'],
        summary: 'Take something out of the inbox of the caller',
        description:
          'For the caller alone: the proposal waits all the same, in the queue of reviews and for everybody else, and is back here ' +
          'when it is edited. What does not wait for them is passed over.',
        body: ref(NotificationsRemoved),
        response: { 200: ref(NotificationsRemovedResponse) },
      },
    },
    async ({ actor, body: { org_id, ids } }, reply) =>
      reply.code(200).transact(async (trx) => {
        const wanted = { automationIds: ids, isRemoved: true }
        return { deleted: await notifications.mark(trx, deciderOf(actor), org_id, wanted) }
      }),
  )
}

const IS_CHANGE: ReadonlyMap<string, boolean> = new Map([
  ['automation.proposed', false],
  ['automation.change_proposed', true],
] satisfies [Notification['type'], boolean][])

function deciderOf({ userId }: Actor): notifications.Decider {
  return { userId, decide: 'files.write', enterEverySpace: SEES_EVERY_SPACE }
}

function toShown(row: notifications.Notification, userId: string): Notification {
  const { is_change, space_name, name, proposed_by_name, automation_id, space_id, ...shown } = row
  return {
    ...shown,
    id: automation_id,
    type: is_change ? 'automation.change_proposed' : 'automation.proposed',
    title: name,
    body: `${proposed_by_name} proposes ${is_change ? 'a change of an automation' : 'an automation'} in ${space_name}`,
    space_id,
    automation_id,
    user_id: userId,
    payload: { space_id, automation_id },
  }
}

export default routes
