import type { AutomationConfig, AutomationKind } from '../../schemas/automations.ts'
import type { Scope } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import { TemplateError } from '../actions/template.ts'
import type { ErrorDetail } from '../errors.ts'
import { KINDS } from '../kinds/index.ts'
import type { TimingPreview } from '../kinds/kind.ts'

/** What is looked at: stored or not. An id is made up for what is not stored. */
export type Previewed = {
  id: string
  name: string
  kind: AutomationKind
  config: AutomationConfig
  lastRunAt: string | null
}

export type Preview = TimingPreview & {
  kind: AutomationKind
  action: Record<string, unknown> | null
  problems: ErrorDetail[]
}

/** What an automation would do at `now` and after, without any effect: what a reviewer reads before approving. */
export function preview(automation: Previewed, actions: Actions, now: Date): Preview {
  const { id, kind, config } = automation
  const { validate, previewTiming, action } = KINDS[kind]
  const problems = validate(config, actions)
  if (problems.length > 0) return { kind, next_runs: [], action: null, problems, warnings: [] }
  const timing = previewTiming(config, id, now)
  const does = action(config)
  if (does === null) return { kind, ...timing, action: null, problems }
  const scope = scopeOf(automation, timing.next_runs[0]?.at_utc ?? now.toISOString())
  try {
    const shown = actions.preview(does, scope)
    return {
      kind,
      next_runs: timing.next_runs,
      action: shown.action,
      problems,
      warnings: [...timing.warnings, ...shown.warnings],
    }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const warnings = [...timing.warnings, `a run would fail: ${error.message}`]
    return { kind, next_runs: timing.next_runs, action: null, problems, warnings }
  }
}

/** The scope of a run that there is none of: the next one. */
function scopeOf({ id, name, kind, lastRunAt }: Previewed, time: string): Scope {
  return {
    run: {
      id: '00000000-0000-7000-8000-000000000000',
      trigger: 'schedule',
      attempt: 1,
      scheduled_for: time,
      created_at: time,
    },
    automation: { id, name, kind, last_run_at: lastRunAt },
    event: null,
  }
}
