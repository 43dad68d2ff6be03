import * as automations from '../../db/queries/automations.ts'
import * as signupRequests from '../../db/queries/signup-requests.ts'
import * as users from '../../db/queries/users.ts'
import { ref } from '../../schemas/component.ts'
import { Me, MeUpdate } from '../../schemas/me.ts'
import type { Actor } from '../../src/access/actor.ts'
import { unauthorized } from '../core/authentication.ts'
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

  async function show(actor: Actor): Promise<Me> {
    const [account, waitsFor, service_account] = await Promise.all([
      users.find(db, actor.userId),
      signupRequests.findPending(db, actor.userId),
      showServiceAccount(actor),
    ])
    if (account === undefined) throw unauthorized()
    const { id, email, display_name, created_at } = account
    const signup_request = waitsFor === undefined ? null : { ...waitsFor, status: 'pending' as const }
    const signup_pending = signup_request !== null
    return { id, email, display_name, created_at, service_account, signup_request, signup_pending }
  }

  async function showServiceAccount(actor: Actor) {
    if (actor.type === 'user') return null
    const { id, organizationId: organization_id } = actor
    return { id, organization_id, pending_proposals: await automations.countPending(db, organization_id, id) }
  }
}

export default routes
