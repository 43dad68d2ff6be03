import * as shownAutomations from '../../db/queries/shown-automations.ts'
import { AutomationResponse } from '../../schemas/automations.ts'
import { ref } from '../../schemas/component.ts'
import { Approval, Rejection, Withdrawal } from '../../schemas/decisions.ts'
import { errors } from '../../schemas/errors.ts'
import { IfMatch } from '../../schemas/headers.ts'
import { AutomationParams } from '../../schemas/params.ts'
import { changeKnown } from '../../src/automations/looked.ts'
import * as review from '../../src/automations/review.ts'
import { matching } from '../entity-tag.ts'
import { changesLooked, lookedAlong } from '../looked-along.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { showAutomation } from '../show-automation.ts'
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
    async (request, reply) => {
      const { caller, space, params, headers, body } = request
      return changeKnown(lookedAlong(request), (looked) =>
        reply.transactAndShow(async (trx) => {
          const target = { space, id: params.automationId, seen: matching(headers['if-match']), looked }
          await review.approve(trx, caller, target, body, app)
          return async () =>
            showAutomation(reply, await shownAutomations.find(trx, space, target.id, settings.triggerUrls))
        }),
      )
    },
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
    async (request, reply) => {
      const { caller, space, params, headers, body } = request
      return changeKnown(lookedAlong(request), (looked) =>
        reply.transactAndShow(async (trx) => {
          const target = { space, id: params.automationId, seen: matching(headers['if-match']), looked }
          await review.reject(trx, caller, target, body, app)
          return async () =>
            showAutomation(reply, await shownAutomations.find(trx, space, target.id, settings.triggerUrls))
        }),
      )
    },
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
    async ({ caller, space, params, headers, body }, reply) =>
      reply.transactAndShow(async (trx) => {
        const target = { space, id: params.automationId, seen: matching(headers['if-match']) }
        await review.withdraw(trx, caller, target, body.digest)
        return async () =>
          showAutomation(reply, await shownAutomations.find(trx, space, target.id, settings.triggerUrls))
      }),
  )
}

export default routes
