import * as organizations from '../../db/queries/organizations.ts'
import { ref } from '../../schemas/component.ts'
import {
  FeaturesResponse,
  FeaturesUpdate,
  Organization,
  OrganizationCreate,
  OrganizationListResponse,
  OrganizationUpdate,
  PermissionListResponse,
} from '../../schemas/organizations.ts'
import { OrganizationParams } from '../../schemas/params.ts'
import { changeFeatures, featuresOf, found, foundOnly, toShown, update } from '../../src/access/organizations.ts'
import { PERMISSIONS } from '../../src/access/permissions.ts'
import { ApiError } from '../../src/errors.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Organizations and their settings. */
const routes: RoutePlugin = async (app) => {
  const { db, settings } = app

  app.get(
    '',
    {
      config: { permission: 'signed_in' },
      schema: {
        operationId: 'listOrganizations',
        tags: ['Organizations'],
        summary: 'List organizations',
        description: 'Those that the caller belongs to.',
        response: { 200: ref(OrganizationListResponse) },
      },
    },
    async ({ actor }, reply) =>
      reply.sendAll(
        'organizations',
        Organization,
        async (piece) => (await organizations.list(db, actor.userId, piece)).map(toShown),
        ({ id }) => id,
        {
          can_create_organization: actor.type === 'user' && (settings.multiTenant || !(await organizations.exists(db))),
        },
      ),
  )

  app.post(
    '',
    {
      config: { permission: 'signed_in', peopleOnly: true },
      schema: {
        operationId: 'createOrganization',
        tags: ['Organizations'],
        summary: 'Create an organization',
        description:
          'The caller becomes its Owner. Unless the server is set to take many, it has one organization, and a second is ' +
          'refused with `single_org_exists`.',
        body: ref(OrganizationCreate),
        response: { 201: ref(Organization) },
      },
    },
    async ({ caller, body }, reply) =>
      reply
        .code(201)
        .transact(async (trx) => toShown(await (settings.multiTenant ? found : foundOnly)(trx, caller, body))),
  )

  app.get(
    '/:orgId',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'getOrganization',
        tags: ['Organizations'],
        summary: 'Get an organization',
        params: OrganizationParams,
        response: { 200: ref(Organization) },
      },
    },
    async ({ organization }) => toShown(await find(organization.id)),
  )

  app.patch(
    '/:orgId',
    {
      config: { permission: 'org.manage', peopleOnly: true },
      schema: {
        operationId: 'updateOrganization',
        tags: ['Organizations'],
        summary: 'Update an organization',
        description: 'What is left out stays as it is.',
        params: OrganizationParams,
        body: ref(OrganizationUpdate),
        response: { 200: ref(Organization) },
      },
    },
    async ({ caller, organization, body: { intended_public_url: url } }) =>
      db.transaction().execute(async (trx) => {
        return toShown(await update(trx, caller, organization.id, { intended_public_url: url === '' ? null : url }))
      }),
  )

  app.get(
    '/:orgId/me/permissions',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'listMyPermissions',
        tags: ['Me'],
        summary: 'List the permissions of the caller',
        description: 'What all roles of the caller in the organization allow together.',
        params: OrganizationParams,
        response: { 200: ref(PermissionListResponse) },
      },
    },
    async ({ organization }) => ({
      permissions: PERMISSIONS.filter((permission) => organization.permissions.has(permission)),
    }),
  )

  app.get(
    '/:orgId/features',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'getFeatures',
        tags: ['Organizations'],
        summary: 'Get the switches of an organization',
        params: OrganizationParams,
        response: { 200: ref(FeaturesResponse) },
      },
    },
    async ({ organization }) => {
      return { features: featuresOf(await find(organization.id)) }
    },
  )

  app.patch(
    '/:orgId/features',
    {
      config: { permission: 'org.manage', peopleOnly: true },
      schema: {
        operationId: 'updateFeatures',
        tags: ['Organizations'],
        summary: 'Turn switches of an organization',
        description: 'What is left out stays as it is.',
        params: OrganizationParams,
        body: ref(FeaturesUpdate),
        response: { 200: ref(FeaturesResponse) },
      },
    },
    async ({ caller, organization, body }) =>
      db.transaction().execute(async (trx) => {
        return { features: await changeFeatures(trx, caller, organization.id, body) }
      }),
  )

  async function find(id: string): Promise<organizations.Organization> {
    const organization = await organizations.find(db, id)
    // Whoever asks is a member, so it was there a moment ago.
    if (organization === undefined) throw new ApiError('not_a_member')
    return organization
  }
}

export default routes
