import type { Piece } from '../../db/page.ts'
import * as members from '../../db/queries/members.ts'
import * as spaceRoles from '../../db/queries/space-roles.ts'
import * as spaces from '../../db/queries/spaces.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { Member, SpaceMemberListResponse } from '../../schemas/members.ts'
import { OrganizationParams, SpaceParams } from '../../schemas/params.ts'
import { Space, SpaceAccess, SpaceAccessSummary, SpaceCreate, SpaceListResponse } from '../../schemas/spaces.ts'
import * as grants from '../../src/access/grants.ts'
import { SEES_EVERY_SPACE, seesEverySpace } from '../../src/access/permissions.ts'
import { create, remove } from '../../src/access/spaces.ts'
import { ApiError } from '../../src/errors.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Where automations live, and who may enter. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'listSpaces',
        tags: ['Spaces'],
        summary: 'List spaces',
        description: 'Those that the caller may enter, oldest first.',
        params: OrganizationParams,
        response: { 200: ref(SpaceListResponse) },
      },
    },
    async ({ actor, organization }, reply) => {
      const member = { userId: actor.userId, all: seesEverySpace(organization.permissions) }
      const read = (piece: Piece) => spaces.listFor(db, organization.id, member, piece)
      return reply.sendAll('spaces', Space, read, ({ id }) => id)
    },
  )

  app.post(
    '',
    {
      config: { permission: 'space.create' },
      schema: {
        operationId: 'createSpace',
        tags: ['Spaces'],
        summary: 'Create a space',
        description: 'Without an access list: its creator and every member who holds a role may enter.',
        params: OrganizationParams,
        body: ref(SpaceCreate),
        response: { 201: ref(Space) },
      },
    },
    async ({ caller, organization, body }, reply) =>
      reply.code(201).transact((trx) => create(trx, caller, organization.id, body)),
  )

  app.get(
    '/access-summary',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'getSpaceAccessSummary',
        tags: ['Spaces'],
        summary: 'Get which spaces the caller may enter',
        params: OrganizationParams,
        response: { 200: ref(SpaceAccessSummary) },
      },
    },
    async ({ actor, organization }) => {
      const member = { userId: actor.userId, all: seesEverySpace(organization.permissions) }
      const ids = await spaces.listIdsFor(db, organization.id, member)
      return { projects: ids.map((id) => ({ project_id: id, can_access: true })) }
    },
  )

  app.get(
    '/:spaceId/accessible-members',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'listSpaceMembers',
        tags: ['Spaces'],
        summary: 'List who may enter a space',
        description: 'Oldest first.',
        params: SpaceParams,
        response: { 200: ref(SpaceMemberListResponse) },
      },
    },
    async ({ space }, reply) => {
      const allowed = await spaceRoles.list(db, space)
      return reply.sendAll(
        'members',
        Member,
        (piece) => members.listOfSpace(db, space, SEES_EVERY_SPACE, piece),
        (row) => row.user_id,
        { space_has_allowlist: allowed.length > 0, allowed_role_ids: allowed },
      )
    },
  )

  app.get(
    '/:spaceId',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'getSpace',
        tags: ['Spaces'],
        summary: 'Get a space',
        params: SpaceParams,
        response: { 200: ref(Space) },
      },
    },
    async ({ space }) => {
      const found = await spaces.find(db, space)
      if (found === undefined) throw new ApiError('space_not_found')
      return found
    },
  )

  app.delete(
    '/:spaceId',
    {
      config: { permission: 'space.delete', peopleOnly: true },
      schema: {
        operationId: 'deleteSpace',
        tags: ['Spaces'],
        summary: 'Delete a space',
        description: 'For good, with its automations, chat rooms and messages.',
        params: SpaceParams,
        response: { 204: NoContent },
      },
    },
    async ({ caller, space }, reply) => {
      await db.transaction().execute((trx) => remove(trx, caller, space))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/:spaceId/access',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'getSpaceAccess',
        tags: ['Spaces'],
        summary: 'Get the roles that may enter a space',
        params: SpaceParams,
        response: { 200: ref(SpaceAccess) },
      },
    },
    async ({ space }) => ({ role_ids: await spaceRoles.list(db, space) }),
  )

  app.put(
    '/:spaceId/access',
    {
      config: { permission: 'space.members.manage', peopleOnly: true },
      schema: {
        operationId: 'setSpaceAccess',
        tags: ['Spaces'],
        summary: 'Set the roles that may enter a space',
        description: 'Replaces the whole list, and takes effect on the next request. An empty one is no list.',
        params: SpaceParams,
        body: ref(SpaceAccess),
        response: { 200: ref(SpaceAccess) },
      },
    },
    async ({ caller, organization, space, body }) =>
      db.transaction().execute(async (trx) => {
        const change = await grants.begin(trx, organization.id, caller, 'space.members.manage')
        return { role_ids: await grants.setSpaceAccess(change, space, body.role_ids) }
      }),
  )
}

export default routes
