import { automationPath, segment } from '../paths.ts'
import { OUTSIDE } from '../result.ts'
import { tool } from '../tool.ts'

const LISTED_BY_DEFAULT = 20

export const listRuns = tool(
  'list_runs',
  {
    title: 'List runs',
    description: 'Runs of an automation, newest first: when, and how each ended.',
    effect: 'reads',
  },
  async ({ space_id, automation_id, limit = LISTED_BY_DEFAULT, ...filter }, { api }) => {
    const query = new URLSearchParams({ limit: String(limit), ...filter })
    const { body } = await api.ask('GET', `${automationPath(api, { space_id, automation_id })}/runs?${query}`)
    return { runs: body.runs.map(lineOf), next_cursor: body.next_cursor }
  },
)

export const getRun = tool(
  'get_run',
  { title: 'Get a run', description: 'One run: its status, error, input and output.', effect: 'reads' },
  async ({ run_id, ...place }, { api }) => {
    const { body } = await api.ask('GET', `${automationPath(api, place)}/runs/${segment(run_id)}`)
    const { input, output, error_message, external_ref, note, ...run } = body.run
    return { run, from_outside: { notice: OUTSIDE, error_message, external_ref, note, input, output } }
  },
)

function lineOf({
  id,
  status,
  trigger,
  revision,
  attempt,
  started_at,
  finished_at,
  created_at,
}: Record<string, unknown>) {
  return { run_id: id, status, trigger, revision, attempt, created_at, started_at, finished_at }
}
