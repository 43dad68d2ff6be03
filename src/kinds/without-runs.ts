import type { TSchema } from '@sinclair/typebox'
import type { AutomationConfig, AutomationKind } from '../../schemas/automations.ts'
import type { ConfigProblem } from '../errors.ts'
import { schemaProblems } from '../schema-problems.ts'
import type { Kind } from './kind.ts'

/**
 * A kind that can be stored, reviewed, previewed and activated, and not run yet.
 *
 * @param problems what is wrong with a config beyond its schema; what is there is typed. Paths begin with `/config`.
 */
export function withoutRuns(
  kind: AutomationKind,
  schema: TSchema & { $id: string },
  problems: (config: AutomationConfig) => ConfigProblem[] = () => [],
): Kind {
  return {
    kind,
    schema,
    validate(config) {
      const found = schemaProblems(schema, config).map((problem) => ({ ...problem, path: `/config${problem.path}` }))
      const isTyped = found.every(({ isMissing }) => isMissing)
      return isTyped ? [...found, ...problems(config)] : found
    },
    timing: null,
    intake: null,
    preview: () => ({
      next_runs: [],
      warnings: ['this kind is stored, reviewed and activated, and does not run yet'],
    }),
    action: () => null,
    pauseAfterFailures: () => null,
  }
}
