import { closed } from '../../schemas/component.ts'
import type { KindSchema } from '../../schemas/kinds/kind.ts'
import type { ActionProfile } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import { overWarning } from '../clock/over.ts'
import { ApiError, type ConfigProblem } from '../errors.ts'
import { schemaProblems } from '../schema-problems.ts'
import type { Config, Facts, Kind } from './kind.ts'

/** The kinds that a program knows, and what can be asked of all of them alike. */
export type Kinds = {
  readonly list: readonly Kind[]
  /** What the contract says of each, in the order of the registry. */
  readonly schemas: readonly KindSchema[]
  readonly names: readonly string[]
  /** Undefined for one that this program does not know: a newer one on the same database may. */
  find(name: string): Kind | undefined
  /** @throws ApiError `kind_unknown` */
  get(name: string): Kind
  /** Everything that keeps a config from running. Paths begin with `/config`. */
  problems(name: string, config: Config, facts: Facts): ConfigProblem[]
  /** What is wrong with the input of a run. Paths are pointers into it. */
  inputProblems(name: string, input: Readonly<Record<string, unknown>>): ConfigProblem[]
  /** What a reviewer should know of a config, whatever it is run with. */
  warnings(name: string, config: Config, actions: Pick<Actions, 'profile'>): string[]
  /** Why nothing of a config is due any more at `now`, and what to do; undefined where something is, or never was. */
  overWarning(name: string, config: Config, now: Date): string | undefined
  /** Whose credential a config takes: with another one's it must not be used. */
  credentialFor(name: string, config: Config): string
  /** What is plain of what a config does, nothing where it can't do anything. */
  profile(name: string, config: Config, actions: Pick<Actions, 'profile'>): ActionProfile
}

/** Makes a registry. @throws Error where two kinds have one name. */
export function createKinds(list: readonly Kind[]): Kinds {
  const byName = new Map(list.map((kind) => [kind.schema.name, kind]))
  if (byName.size !== list.length) throw new Error('two kinds have one name')
  const inputs = new Map(list.map(({ schema }) => [schema.name, closed(schema.input)]))
  const get = (name: string): Kind => {
    const kind = byName.get(name)
    if (kind === undefined) throw new ApiError('kind_unknown')
    return kind
  }
  const profile: Kinds['profile'] = (name, config, actions) => {
    const does = get(name).effect?.(config, {})
    return does === undefined ? { hosts: [], secrets: [], warnings: [] } : actions.profile(does)
  }
  return {
    list,
    schemas: list.map(({ schema }) => schema),
    names: [...byName.keys()],
    find: (name) => byName.get(name),
    get,
    problems(name, config, facts) {
      const kind = get(name)
      const wrong = schemaProblems(kind.schema.config, config)
      const found = wrong.map((problem) => ({ ...problem, path: `/config${problem.path}` }))
      // What is left to say is said of what is typed.
      const isTyped = found.every(({ isMissing }) => isMissing)
      return isTyped ? [...found, ...kind.problems(config, facts)] : found
    },
    inputProblems: (name, input) => schemaProblems(inputs.get(name) ?? closed({}), input),
    warnings(name, config, actions) {
      const kind = byName.get(name)
      if (kind === undefined || schemaProblems(kind.schema.config, config).length > 0) return []
      return [...(kind.warnings?.(config) ?? []), ...profile(name, config, actions).warnings]
    },
    overWarning(name, config, now) {
      const kind = byName.get(name)
      if (kind === undefined || schemaProblems(kind.schema.config, config).length > 0) return undefined
      const schedule = kind.clock?.schedule(config) ?? null
      return schedule === null ? undefined : overWarning(schedule, now)
    },
    credentialFor: (name, config) => byName.get(name)?.credentialFor?.(config) ?? '',
    profile,
  }
}
