import * as roles from '../../db/queries/roles.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { OrganizationParams, RoleParams } from '../../schemas/params.ts'
import { Role, RoleCreate, RoleListResponse, RoleResponse, RoleUpdate } from '../../schemas/roles.ts'
import * as grants from '../../src/access/grants.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Named sets of permissions. Nobody puts into one, or takes out of it, what they don't hold themselves. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'listRoles',
        tags: ['Roles'],
        summary: 'List roles',
        description: 'Oldest first.',
        params: OrganizationParams,
        response: { 200: ref(RoleListResponse) },
      },
    },
    async ({ organization }, reply) =>
      reply.sendAll(
        'roles',
        Role,
        (piece) => roles.list(db, organization.id, piece),
        ({ id }) => id,
      ),
  )

  app.post(
    '',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'createRole',
        tags: ['Roles'],
        summary: 'Create a role',
        description: 'Its maker must hold every permission in it.',
        params: OrganizationParams,
        body: ref(RoleCreate),
        response: { 201: ref(RoleResponse), ...errors(409) },
      },
    },
    async ({ caller, organization, body }, reply) =>
      reply.code(201).transact(async (trx) => {
        const change = await grants.begin(trx, organization.id, caller)
        return { role: await grants.createRole(change, body) }
      }),
  )

  app.patch(
    '/:roleId',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      preValidation: async ({ body }) => leaveOutPermissions(body),
      schema: {
        operationId: 'updateRole',
        tags: ['Roles'],
        summary: 'Update a role',
        description:
          'Takes effect for everybody who holds it, on their next request. Whoever changes it must hold every ' +
          'permission that is added or taken away. `Owner` is fixed.',
        params: RoleParams,
        body: ref(RoleUpdate),
        response: { 200: ref(RoleResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, organization, params, body }) =>
      db.transaction().execute(async (trx) => {
        const change = await grants.begin(trx, organization.id, caller)
        return { role: await grants.updateRole(change, params.roleId, body) }
      }),
  )

  app.delete(
    '/:roleId',
    {
      config: { permission: 'org.members.manage', peopleOnly: true },
      schema: {
        operationId: 'deleteRole',
        tags: ['Roles'],
        summary: 'Delete a role',
        description:
          'Takes it from everybody who holds it. Whoever deletes it must hold every permission in it. `Owner` is ' +
          'fixed, and so is a role that is the only one on the access list of a space, which would lie open without it.',
        params: RoleParams,
        response: { 204: NoContent, ...errors(404, 409) },
      },
    },
    async ({ caller, organization, params }, reply) => {
      await db.transaction().execute(async (trx) => {
        await grants.deleteRole(await grants.begin(trx, organization.id, caller), params.roleId)
      })
      return reply.code(204).send(null)
    },
  )
}

/**
 * Clients of Hyperspeed say with `set_permissions` whether `permissions` count. The document does not have it: in Go's generated
 * clients it would have the name of the setter of `permissions`, which whoever does not mean it leaves out.
 */
function leaveOutPermissions(body: unknown): void {
  if (typeof body !== 'object' || body === null || !('set_permissions' in body)) return
  const { set_permissions: isMeant } = body
  if (typeof isMeant !== 'boolean') return
  Reflect.deleteProperty(body, 'set_permissions')
  if (!isMeant) Reflect.deleteProperty(body, 'permissions')
}

export default routes
