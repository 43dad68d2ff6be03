import { AutomationResponse } from '../../schemas/automations.ts'
import { ref } from '../../schemas/component.ts'
import { Approval, Rejection, Withdrawal } from '../../schemas/decisions.ts'
import { errors } from '../../schemas/errors.ts'
import { IfMatch } from '../../schemas/headers.ts'
import { AutomationParams } from '../../schemas/params.ts'
import * as review from '../../src/automations/review.ts'
import { changeAndShow, changesLooked } from '../looked-along.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { written } from '../written.ts'

const TAG = 'Review'

/** What becomes of one proposal: people decide on it, and whoever made it takes it back. */
const routes: RoutePlugin = async (app) => {
  const { db, settings } = app

  app.post(
    '/approve',
    {
      config: { ...changesLooked(db), peopleOnly: 'service_account_cannot_approve', optionalBody: true },
      schema: {
        operationId: 'approveAutomation',
        tags: [TAG],
        summary: 'Approve exactly what was seen',
        description:
          'The proposal becomes active; a change to what runs takes its place at once. A digest that is not that of the ' +
          'proposal, and a `base_digest` that is not that of what runs, is 409, with the differences in `details`.',
        params: AutomationParams,
        headers: IfMatch,
        body: ref(Approval),
        response: { 200: written(AutomationResponse), ...errors(404, 409, 412, 428) },
      },
    },
    async (request, reply) =>
      changeAndShow(request, reply, settings.triggerUrls, (trx, target) =>
        review.approve(trx, request.caller, target, request.body, app),
      ),
  )

  app.post(
    '/reject',
    {
      config: { ...changesLooked(db), peopleOnly: 'service_account_cannot_approve', optionalBody: true },
      schema: {
        operationId: 'rejectAutomation',
        tags: [TAG],
        summary: 'Reject a proposal',
        description: 'What runs goes on running. AI staff reads the reason, code and paths, and can propose again.',
        params: AutomationParams,
        headers: IfMatch,
        body: ref(Rejection),
        response: { 200: written(AutomationResponse), ...errors(404, 409, 412) },
      },
    },
    async (request, reply) =>
      changeAndShow(request, reply, settings.triggerUrls, (trx, target) =>
        review.reject(trx, request.caller, target, request.body, app),
      ),
  )

  app.post(
    '/withdraw',
    {
      config: { permission: 'files.write', optionalBody: true },
      schema: {
        operationId: 'withdrawProposal',
        tags: [TAG],
        summary: 'Take back a change of what runs',
        description:
          'What the caller proposed beside what is active or paused waits no longer; what runs goes on as it is. A proposal that ' +
          'never ran is taken back with `DELETE`.',
        params: AutomationParams,
        headers: IfMatch,
        body: ref(Withdrawal),
        response: { 200: written(AutomationResponse), ...errors(404, 409, 412) },
      },
    },
    async (request, reply) =>
      changeAndShow(request, reply, settings.triggerUrls, (trx, target) =>
        review.withdraw(trx, request.caller, target, request.body.digest),
      ),
  )
}

export default routes
