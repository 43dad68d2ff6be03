import * as signupRequests from '../../db/queries/signup-requests.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { OrganizationParams, SignupRequestParams } from '../../schemas/params.ts'
import { SignupRequest, SignupRequestListResponse, SignupRequestResponse } from '../../schemas/signup-requests.ts'
import * as grants from '../../src/access/grants.ts'
import { decide } from '../../src/access/signup-requests.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const DECISIONS = [
  {
    path: 'approve',
    status: 'approved',
    operationId: 'approveSignupRequest',
    summary: 'Let somebody in',
    description: 'They become a member without roles, from their very next request on.',
  },
  {
    path: 'deny',
    status: 'denied',
    operationId: 'denySignupRequest',
    summary: 'Keep somebody out',
    description: 'They keep their account, which belongs to nothing. An invite would still let them in.',
  },
] as const

/** People who registered without an invite and wait to be let in. */
const routes: RoutePlugin = async (app) => {
  app.get(
    '',
    {
      config: { permission: 'org.members.manage' },
      schema: {
        operationId: 'listSignupRequests',
        tags: ['Sign-up requests'],
        summary: 'List sign-up requests',
        description: 'Those that are pending.',
        params: OrganizationParams,
        response: { 200: ref(SignupRequestListResponse) },
      },
    },
    async ({ organization }, reply) =>
      reply.sendAll(
        'signup_requests',
        SignupRequest,
        (piece) => signupRequests.listPending(app.db, organization.id, piece),
        ({ id }) => id,
      ),
  )

  for (const { path, status, ...description } of DECISIONS)
    app.post(
      `/:requestId/${path}`,
      {
        config: { permission: 'org.members.manage', peopleOnly: true },
        schema: {
          ...description,
          tags: ['Sign-up requests'],
          params: SignupRequestParams,
          response: { 200: ref(SignupRequestResponse), ...errors(404, 409) },
        },
      },
      async ({ caller, organization, params }, reply) =>
        reply.transact(async (trx) => {
          const change = await grants.begin(trx, organization.id, caller)
          return { signup_request: await decide(change, params.requestId, status) }
        }),
    )
}

export default routes
