import type { Static } from '@fastify/type-provider-typebox'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import { AutomationPolicyResponse, AutomationPolicyUpdate } from '../../schemas/automation-policy.ts'
import { ref } from '../../schemas/component.ts'
import { OrganizationParams } from '../../schemas/params.ts'
import * as audit from '../../src/audit.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** How an organization reviews what is proposed. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'member' },
      schema: {
        operationId: 'getAutomationPolicy',
        tags: ['Review'],
        summary: 'Get the review policy',
        params: OrganizationParams,
        response: { 200: ref(AutomationPolicyResponse) },
      },
    },
    async ({ organization }) => ({ policy: toPolicy(await automationPolicies.find(db, organization.id)) }),
  )

  app.patch(
    '',
    {
      config: { permission: 'org.manage', peopleOnly: true },
      schema: {
        operationId: 'updateAutomationPolicy',
        tags: ['Review'],
        summary: 'Change the review policy',
        description: 'It holds from the next request on. What is active stays active.',
        params: OrganizationParams,
        body: AutomationPolicyUpdate,
        response: { 200: ref(AutomationPolicyResponse) },
      },
    },
    async ({ caller, organization, body }) =>
      db.transaction().execute(async (trx) => {
        const policy = await automationPolicies.update(trx, organization.id, toRow(body))
        const target = { type: 'automation_policy', id: organization.id }
        await audit.record(trx, organization.id, caller, { action: 'policy.updated', target, details: body })
        return { policy: toPolicy(policy) }
      }),
  )

  /** Who names every kind means those to come, too. */
  function toRow(body: Static<typeof AutomationPolicyUpdate>) {
    const { kinds_allowed_for_service_accounts: allowed, ...rest } = body
    if (allowed === undefined) return rest
    const isAll = app.kinds.names.every((name) => allowed.includes(name))
    return { ...rest, kinds_allowed_for_service_accounts: isAll ? null : allowed }
  }

  /** With the kinds that are allowed by name, also where all of them are. */
  function toPolicy(policy: automationPolicies.Policy) {
    const { kinds_allowed_for_service_accounts: allowed, ...rest } = policy
    return { ...rest, kinds_allowed_for_service_accounts: allowed ?? [...app.kinds.names] }
  }
}

export default routes
