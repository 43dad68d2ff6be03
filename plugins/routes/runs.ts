import type { Kysely } from 'kysely'
import * as automationRuns from '../../db/queries/automation-runs.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { Prefer } from '../../schemas/headers.ts'
import { AutomationParams, RunParams } from '../../schemas/params.ts'
import { RunInput, RunListResponse, RunQuery, RunResolution, RunResponse } from '../../schemas/runs.ts'
import type { Space } from '../../src/access/actor.ts'
import { ApiError } from '../../src/errors.ts'
import * as requests from '../../src/runs/requests.ts'
import { isUuid } from '../core/validation.ts'
import { hungUp } from '../hung-up.ts'
import { readPage, showPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { showRun } from '../show-run.ts'

const TAG = 'Runs'
const MAX_WAIT_SECONDS = 60

/** Executions of one automation. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.post(
    '/run',
    {
      config: { permission: 'files.write', peopleOnly: true, optionalBody: true },
      schema: {
        operationId: 'runAutomation',
        tags: [TAG],
        summary: 'Run now',
        description:
          'It must be active. What the run may be given depends on the kind; without a body it is given nothing. With `Prefer: wait=20` the answer comes once the run has finished (200), or after that many ' +
          'seconds (202).',
        params: AutomationParams,
        headers: Prefer,
        body: RunInput,
        response: { 200: ref(RunResponse), 202: ref(RunResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, space, params: { automationId }, headers, body }, reply) => {
      const kind = (await automations.findKind(db, space, automationId)) ?? ''
      const answer = await reply.code(202).transact(async (trx) => {
        const id = await requests.runNow(trx, app, caller, { space, automationId }, body)
        const run = await findRun(trx, space, automationId, id)
        return { run, ...app.kinds.find(kind)?.answer?.(run) }
      })
      const key = { organizationId: space.organizationId, automationId, id: answer.run.id }
      const finished = await app.runWaits.wait(key, secondsOf(headers.prefer), hungUp(reply))
      if (finished === undefined) return answer
      const run = showRun(finished)
      return reply.code(200).send({ run, ...app.kinds.find(kind)?.answer?.(run) })
    },
  )

  app.get(
    '/runs',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'listRuns',
        tags: [TAG],
        summary: 'List runs',
        description: 'Newest first.',
        params: AutomationParams,
        querystring: RunQuery,
        response: { 200: ref(RunListResponse), ...errors(404) },
      },
    },
    async ({ space, params: { automationId }, query }) => {
      if ((await automations.findKind(db, space, automationId)) === undefined)
        throw new ApiError('automation_not_found')
      const { most, after } = readPage(query, [isUuid])
      const wanted = { status: query.status ?? null, before: after?.[0] ?? null, most }
      const found = await automationRuns.list(db, space, automationId, wanted)
      const { page, next_cursor } = showPage(found, ({ id }) => [id])
      return { runs: page.map(showRun), next_cursor }
    },
  )

  app.get(
    '/runs/:runId',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'getRun',
        tags: [TAG],
        summary: 'Get a run',
        params: RunParams,
        response: { 200: ref(RunResponse), ...errors(404) },
      },
    },
    async ({ space, params }) => ({ run: await findRun(db, space, params.automationId, params.runId) }),
  )

  app.post(
    '/runs/:runId/cancel',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'cancelRun',
        tags: [TAG],
        summary: 'Cancel a run',
        description:
          'One that waits never starts; one that is under way is told to stop. What it has done stays done. Once an effect that ' +
          'must not be repeated is on its way (`sent_at`), it is too late.',
        params: RunParams,
        response: { 200: ref(RunResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, space, params: { automationId, runId } }, reply) =>
      reply.transact(async (trx) => {
        await requests.cancel(trx, app, caller, { space, automationId }, runId)
        return { run: await findRun(trx, space, automationId, runId) }
      }),
  )

  app.post(
    '/runs/:runId/retry',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'retryRun',
        tags: [TAG],
        summary: 'Run again',
        description:
          'A new run with the content that is approved now, for the same event and with the same input. The old one stays as it ' +
          'is. One that is `unknown` must be resolved first.',
        params: RunParams,
        response: { 202: ref(RunResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, space, params: { automationId, runId } }, reply) =>
      reply.code(202).transact(async (trx) => {
        const id = await requests.retry(trx, app, caller, { space, automationId }, runId)
        return { run: await findRun(trx, space, automationId, id) }
      }),
  )

  app.post(
    '/runs/:runId/resolve',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'resolveRun',
        tags: [TAG],
        summary: 'Say what became of a run',
        description:
          'Of one that is `unknown`: somebody has looked, and says whether it had its effect. It counts as succeeded or failed ' +
          'from then on, and can be run again.',
        params: RunParams,
        body: ref(RunResolution),
        response: { 200: ref(RunResponse), ...errors(404, 409) },
      },
    },
    async ({ caller, space, params: { automationId, runId }, body }, reply) =>
      reply.transact(async (trx) => {
        await requests.resolve(trx, caller, { space, automationId }, runId, body)
        return { run: await findRun(trx, space, automationId, runId) }
      }),
  )

  async function findRun(at: Kysely<DB>, space: Space, automationId: string, id: string) {
    const run = await automationRuns.find(at, space, automationId, id)
    if (run === undefined) throw new ApiError('run_not_found')
    return showRun(run)
  }
}

/** RFC 7240: `wait=20`; anything else is not waited for. */
function secondsOf(prefer: string | undefined): number {
  const [, seconds = '0'] = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/i.exec(prefer ?? '') ?? []
  return Math.min(Number(seconds), MAX_WAIT_SECONDS)
}

export default routes
