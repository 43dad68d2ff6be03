import * as memberRoles from '../../db/queries/member-roles.ts'
import * as members from '../../db/queries/members.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { Member, MemberListResponse, MemberRoles, MemberRolesSet } from '../../schemas/members.ts'
import { MemberParams, OrganizationParams } from '../../schemas/params.ts'
import * as grants from '../../src/access/grants.ts'
import { ApiError } from '../../src/errors.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Who belongs to an organization, and with which roles. How people get in is not here: invites and sign-ups. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'listMembers',
        tags: ['Members'],
        summary: 'List members',
        description: 'People and service accounts, oldest first.',
        params: OrganizationParams,
        response: { 200: ref(MemberListResponse) },
      },
    },
    async ({ organization }, reply) =>
      reply.sendAll(
        'members',
        Member,
        (piece) => members.list(db, organization.id, piece),
        (row) => row.user_id,
      ),
  )

  app.delete(
    '/:userId',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'removeMember',
        tags: ['Members'],
        summary: 'Remove a person from the organization',
        description:
          'From the next request on, their tokens are worth nothing here. Whoever removes them must hold every ' +
          'permission that they hold. The last Owner stays, and a service account leaves by being deleted.',
        params: MemberParams,
        response: { 204: NoContent, ...errors(404, 409) },
      },
    },
    async ({ caller, organization, params }, reply) => {
      await db.transaction().execute(async (trx) => {
        await grants.removeMember(await grants.begin(trx, organization.id, caller), params.userId)
      })
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/:userId/roles',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'getMemberRoles',
        tags: ['Members'],
        summary: "Get a member's roles",
        params: MemberParams,
        response: { 200: ref(MemberRoles), ...errors(404) },
      },
    },
    async ({ organization, params }) => {
      if (!(await members.find(db, organization.id, params.userId))) throw new ApiError('member_not_found')
      const held = await memberRoles.list(db, organization.id, params.userId)
      return { role_ids: held.map(({ id }) => id) }
    },
  )

  app.put(
    '/:userId/roles',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'setMemberRoles',
        tags: ['Members'],
        summary: "Set a member's roles",
        description:
          'Replaces them all. Whoever sets them must hold every permission of each role that is added or taken away. ' +
          'One person at least stays Owner.',
        params: MemberParams,
        body: ref(MemberRoles),
        response: { 200: ref(MemberRolesSet), ...errors(404, 409) },
      },
    },
    async ({ caller, organization, params, body }) =>
      db.transaction().execute(async (trx) => {
        const change = await grants.begin(trx, organization.id, caller)
        return { ok: true, role_ids: await grants.setMemberRoles(change, params.userId, body.role_ids) }
      }),
  )
}

export default routes
