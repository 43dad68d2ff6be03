import { type Api, Refused } from '../api.ts'
import { automationPath, spacePath } from '../paths.ts'
import { OUTSIDE, weightOf } from '../result.ts'
import { reviewUrl } from '../review-url.ts'
import { tool } from '../tool.ts'

/** Whole automations are read to be shown in a line each: not too many at once. */
const READ_AT_ONCE = 10
/** A page ends early where its lines are long: none may be left out between two pages. */
const MAX_WEIGHT = 20_000
const MAX_NAME = 100
const LISTED_BY_DEFAULT = 20

export const listAutomations = tool(
  'list_automations',
  {
    title: 'List automations',
    description: 'Automations of a space, a line each, newest change first.',
    effect: 'reads',
  },
  async ({ space_id, limit = LISTED_BY_DEFAULT, mine, cursor, ...filter }, { api }) => {
    const automations: object[] = []
    let next: string | null | undefined = cursor
    do {
      const query = new URLSearchParams({
        limit: String(Math.min(limit - automations.length, READ_AT_ONCE)),
        ...filter,
      })
      if (mine) query.set('author_id', api.staff.id)
      if (next) query.set('cursor', next)
      const { body } = await api.ask('GET', `${spacePath(api, space_id)}/automations?${query}`)
      automations.push(...body.automations.map((each: Shown) => lineOf(each, api)))
      next = body.next_cursor
    } while (next && automations.length < limit && weightOf(automations) < MAX_WEIGHT)
    return { automations, next_cursor: next ?? null }
  },
)

export const getAutomation = tool(
  'get_automation',
  {
    title: 'Get an automation',
    description: 'All of one automation: what it is now, what waits beside it, and why it was rejected.',
    effect: 'reads',
  },
  async (args, { api, app }) => describeAutomation(api, app.settings.publicUrl, args),
)

type Shown = Record<string, unknown> & {
  id: string
  name: string
  problems: unknown[]
  pending_revision: Pending | null
}
type Pending = { revision: number; digest: string; proposed_by_service_account_id: string | null }

/** An automation with what others wrote set apart. */
export async function describeAutomation(
  api: Api,
  publicUrl: string,
  place: { space_id: string; automation_id: string },
): Promise<Record<string, unknown>> {
  const { body } = await api.ask('GET', automationPath(api, place))
  const { last_error, description, pending_revision: pending, ...automation } = body.automation
  const [shown, waiting] = [withoutNote(automation.config), withoutNote(pending?.config ?? {})]
  return {
    automation: {
      ...automation,
      config: shown.config,
      pending_revision: pending && { ...pending, config: waiting.config, description: undefined },
    },
    review_url: reviewUrl(api, publicUrl, place),
    from_outside: {
      notice: OUTSIDE,
      last_error,
      description,
      note: shown.note,
      ...(pending === null ? {} : { pending_note: waiting.note, pending_description: pending.description }),
    },
  }
}

/** A config, and what whoever proposed it says of its intent. */
export function withoutNote({ proposal_note: note = null, ...config }: Record<string, unknown>) {
  return { config, note }
}

/** Short: there may be fifty. */
function lineOf({ id, name, kind, status, pending_revision: pending, problems, ...rest }: Shown, { staff }: Api) {
  const { last_run_at, last_error, created_by_service_account_id: creator } = rest
  const change = pending === null ? null : pending.proposed_by_service_account_id === staff.id ? 'yours' : 'of another'
  return {
    automation_id: id,
    name: name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name,
    kind,
    status,
    mine: creator === staff.id,
    change_waits: change,
    problems: problems.length,
    last_run_at,
    has_failed: last_error !== null,
  }
}

export const previewAutomation = tool(
  'preview_automation',
  {
    title: 'Preview an automation',
    description:
      'What would happen, without doing it: next times, the rendered action, problems and warnings. Use it before you propose.',
    effect: 'reads',
  },
  async ({ space_id, automation_id, kind, config }, { api }) => {
    if (automation_id !== undefined && (kind !== undefined || config !== undefined)) {
      const message = 'goes with kind and config left out: it previews what is saved'
      const details = [{ path: '/automation_id', message }]
      throw new Refused('invalid arguments', { status: 400, code: 'invalid_arguments', details })
    }
    const { body } =
      automation_id === undefined
        ? await api.ask('POST', `${spacePath(api, space_id)}/automations/preview`, { body: { kind, config } })
        : await api.ask('GET', `${automationPath(api, { space_id, automation_id })}/preview`)
    return { preview: body.preview }
  },
)
