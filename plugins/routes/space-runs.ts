import * as automationRuns from '../../db/queries/automation-runs.ts'
import { ref } from '../../schemas/component.ts'
import { SpaceParams } from '../../schemas/params.ts'
import { RunListResponse, RunQuery } from '../../schemas/runs.ts'
import { isUuid } from '../core/validation.ts'
import { readPage, showPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { showRun } from '../show-run.ts'

/** Executions of all automations of a space. */
const routes: RoutePlugin = async (app) => {
  app.get(
    '',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'listSpaceRuns',
        tags: ['Runs'],
        summary: 'List the runs of a space',
        description: 'Of all its automations, newest first.',
        params: SpaceParams,
        querystring: RunQuery,
        response: { 200: ref(RunListResponse) },
      },
    },
    async ({ space, query }) => {
      const { most, after } = readPage(query, [isUuid])
      const wanted = { status: query.status ?? null, before: after?.[0] ?? null, most }
      const { page, next_cursor } = showPage(await automationRuns.listOfSpace(app.db, space, wanted), ({ id }) => [id])
      return { runs: page.map(showRun), next_cursor }
    },
  )
}

export default routes
