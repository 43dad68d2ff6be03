import type { AutomationKind } from '../../schemas/automations.ts'
import type { Kind } from './kind.ts'
import { scheduled } from './scheduled/index.ts'

/** A kind that can be stored, reviewed and activated, and not run yet. */
function withoutRuns(kind: AutomationKind): Kind {
  return {
    kind,
    schema: null,
    validate: () => [],
    timing: null,
    previewTiming: () => ({
      next_runs: [],
      warnings: ['this kind is stored, reviewed and activated, and does not run yet'],
    }),
    action: () => null,
    pauseAfterFailures: () => null,
  }
}

/** Every kind there is. What the rest of the program knows of one, it knows from here. */
export const KINDS: Record<AutomationKind, Kind> = {
  scheduled,
  webhook: withoutRuns('webhook'),
  social_post: withoutRuns('social_post'),
  reverse_tunnel: withoutRuns('reverse_tunnel'),
}
