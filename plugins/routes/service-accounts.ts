import * as serviceAccounts from '../../db/queries/service-accounts.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { OrganizationParams, ServiceAccountParams } from '../../schemas/params.ts'
import {
  ServiceAccount,
  ServiceAccountCreate,
  ServiceAccountListResponse,
  ServiceAccountResponse,
  ServiceAccountTokenResponse,
  ServiceAccountUpdate,
} from '../../schemas/service-accounts.ts'
import * as grants from '../../src/access/grants.ts'
import * as staff from '../../src/access/service-accounts.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** AI staff. People make it, and give it no more than they hold; it never makes more of its own kind. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'org.members.manage' },
      schema: {
        operationId: 'listServiceAccounts',
        tags: ['Service accounts'],
        summary: 'List service accounts',
        description: 'Oldest first, without those that were deleted.',
        params: OrganizationParams,
        response: { 200: ref(ServiceAccountListResponse) },
      },
    },
    async ({ organization }, reply) =>
      reply.sendAll(
        'service_accounts',
        ServiceAccount,
        (piece) => serviceAccounts.list(db, organization.id, piece),
        ({ id }) => id,
      ),
  )

  app.post(
    '',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'createServiceAccount',
        tags: ['Service accounts'],
        summary: 'Create a service account',
        description:
          'Its token is in this answer alone. Its maker must hold every permission of the roles that it is given.',
        params: OrganizationParams,
        body: ref(ServiceAccountCreate),
        response: { 201: ref(ServiceAccountTokenResponse), ...errors(409) },
      },
    },
    async ({ caller, organization, body }, reply) =>
      reply.code(201).transact(async (trx) => staff.create(await grants.begin(trx, organization.id, caller), body)),
  )

  app.patch(
    '/:serviceAccountId',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'updateServiceAccount',
        tags: ['Service accounts'],
        summary: 'Update a service account',
        description: 'Whoever changes it must hold every permission that it holds, and those of the roles it is given.',
        params: ServiceAccountParams,
        body: ref(ServiceAccountUpdate),
        response: { 200: ref(ServiceAccountResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, organization, params, body }) =>
      db.transaction().execute(async (trx) => {
        const change = await grants.begin(trx, organization.id, caller)
        return { service_account: await staff.update(change, params.serviceAccountId, body) }
      }),
  )

  app.delete(
    '/:serviceAccountId',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'deleteServiceAccount',
        tags: ['Service accounts'],
        summary: 'Delete a service account',
        description:
          'Its token is dead from the next request on; what it wrote stays its own. Whoever deletes it must hold every ' +
          'permission that it holds.',
        params: ServiceAccountParams,
        response: { 204: NoContent, ...errors(404) },
      },
    },
    async ({ caller, organization, params }, reply) => {
      await db.transaction().execute(async (trx) => {
        await staff.remove(await grants.begin(trx, organization.id, caller), params.serviceAccountId)
      })
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/:serviceAccountId/rotate',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'rotateServiceAccountToken',
        tags: ['Service accounts'],
        summary: 'Give a service account another token',
        description:
          'The token before is dead from the next request on, and the new one is in this answer alone. Whoever rotates ' +
          'it has its power in hand, and must hold every permission that it holds.',
        params: ServiceAccountParams,
        response: { 200: ref(ServiceAccountTokenResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, organization, params }, reply) =>
      reply.code(200).transact(async (trx) => {
        const change = await grants.begin(trx, organization.id, caller)
        return staff.rotate(change, params.serviceAccountId)
      }),
  )
}

export default routes
