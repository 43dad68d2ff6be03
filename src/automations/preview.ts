import type { Kysely } from 'kysely'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { AutomationConfig, AutomationKind } from '../../schemas/automations.ts'
import type { Scope } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import { TemplateError } from '../actions/template.ts'
import type { ErrorDetail } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { KindPreview } from '../kinds/kind.ts'

/** What is looked at: stored or not. An id is made up for what is not stored. */
export type Previewed = {
  id: string
  name: string
  kind: AutomationKind
  config: AutomationConfig
  lastRunAt: string | null
  /** Whether there is a secret by which its senders are known; null for what is not stored. */
  hasSecret: boolean | null
}

export type Preview = KindPreview & {
  kind: AutomationKind
  action: Record<string, unknown> | null
  problems: ErrorDetail[]
}

/** What an automation would do at `now` and after, without any effect: what a reviewer reads before approving. */
export function preview(automation: Previewed, actions: Actions, now: Date): Preview {
  const { id, kind, config } = automation
  const { validate, action, ...kindOf } = KINDS[kind]
  const problems = validate(config, actions)
  if (problems.length > 0) return { kind, next_runs: [], action: null, problems, warnings: [] }
  const { next_runs, warnings } = kindOf.preview(config, id, now)
  if (kindOf.intake?.needsSecret(config) && automation.hasSecret === false) warnings.push(NO_SECRET)
  const does = action(config)
  if (does === null) return { kind, next_runs, warnings, action: null, problems }
  try {
    const shown = actions.preview(does, scopeOf(automation, next_runs[0]?.at_utc ?? now.toISOString()))
    return { kind, next_runs, action: shown.action, problems, warnings: [...warnings, ...shown.warnings] }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    warnings.push(`a run would fail: ${error.message}`)
    return { kind, next_runs, action: null, problems, warnings }
  }
}

/** Warns of a host that nothing else which runs in the organization sends to: a typing error, or a stranger. */
export async function withFirstContact(
  db: Kysely<DB>,
  organizationId: string,
  automationId: string,
  shown: Preview,
): Promise<Preview> {
  const url = URL.parse(String(shown.action?.url))
  if (url === null || (await automations.isHostKnown(db, organizationId, url.host, automationId))) return shown
  return { ...shown, warnings: [...shown.warnings, `nothing else that runs here sends to ${url.host}: first contact`] }
}

const NO_SECRET = 'it has no secret yet: until a person sets one, every event is refused'
const NO_ID = '00000000-0000-7000-8000-000000000000'

/** The scope of a run that there is none of: the next one, for an event of which little is known. */
function scopeOf({ id, name, kind, config, lastRunAt }: Previewed, time: string): Scope {
  const { intake } = KINDS[kind]
  const event = intake && { id: NO_ID, key: null, headers: {}, received_at: time, ...intake.example(config) }
  const trigger = intake ? 'webhook' : 'schedule'
  return {
    run: { id: NO_ID, trigger, attempt: 1, scheduled_for: intake ? null : time, created_at: time },
    automation: { id, name, kind, last_run_at: lastRunAt },
    event,
  }
}
