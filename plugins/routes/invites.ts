import * as organizations from '../../db/queries/organizations.ts'
import * as users from '../../db/queries/users.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { InviteAccepted, InviteCreate, InviteCreated, InviteTokenParams } from '../../schemas/invites.ts'
import { OrganizationParams } from '../../schemas/params.ts'
import * as grants from '../../src/access/grants.ts'
import * as invites from '../../src/access/invites.ts'
import { toShown } from '../../src/access/organizations.ts'
import { ApiError } from '../../src/errors.ts'
import { unauthorized } from '../core/authentication.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Invites: how people get in. */
const routes: RoutePlugin = async (app) => {
  app.post(
    '/organizations/:orgId/invites',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'createInvite',
        tags: ['Invites'],
        summary: 'Invite somebody',
        description:
          'The token is shown this once and holds for seven days, for one person, and only while whoever made it could ' +
          'still make it.',
        params: OrganizationParams,
        body: ref(InviteCreate),
        response: { 201: ref(InviteCreated) },
      },
    },
    async ({ caller, organization, body }, reply) =>
      reply.code(201).transact(async (trx) => {
        const change = await grants.begin(trx, organization.id, caller)
        return invites.create(change, body.email)
      }),
  )

  app.post(
    '/invites/:token/accept',
    {
      config: { permission: 'signed_in', peopleOnly: true },
      schema: {
        operationId: 'acceptInvite',
        tags: ['Invites'],
        summary: 'Accept an invite',
        description:
          'The caller becomes a member of the organization, without roles. Whoever has no account yet registers with ' +
          'the token instead. An invite that the caller can’t accept is not used up.',
        params: InviteTokenParams,
        response: { 200: ref(InviteAccepted), ...errors(404, 409) },
      },
    },
    async ({ caller, params }, reply) =>
      reply.transact(async (trx) => {
        const account = await users.find(trx, caller.actor.userId)
        if (account === undefined || account.email === null) throw unauthorized()
        const invite = await invites.open(trx, params.token, account.email)
        await invites.join(trx, invite, caller)
        const organization = await organizations.find(trx, invite.organization_id)
        if (organization === undefined) throw new ApiError('invite_not_found')
        return { ok: true, organization_id: organization.id, organization: toShown(organization) }
      }),
  )
}

export default routes
