import type { Kysely } from 'kysely'
import type { DB } from '../../db/types.ts'
import type { Egress } from '../egress/guard.ts'
import type { ConfigProblem } from '../errors.ts'
import { schemaProblems } from '../schema-problems.ts'
import type { Action, ActionContext, ActionPreview, ActionResult, Scope } from './action.ts'
import { createHttpRequestAction } from './http-request.ts'
import { createMessageAction } from './message.ts'
import { checkTemplate, render } from './template.ts'

type Config = { type: string } & Record<string, unknown>

/** Every action there is, by the `type` in its config. */
export type Actions = {
  /** Everything that keeps an action's config from running. Paths are pointers into it. */
  validate(config: Config): ConfigProblem[]
  preview(config: Config, scope: Scope): ActionPreview
  run(config: Config, context: ActionContext): Promise<ActionResult>
}

export type ActionDependencies = {
  db: Kysely<DB>
  egress: Pick<Egress, 'request' | 'check'>
  /** The Standard Webhooks secrets of an automation that hold, the present one first. */
  signingSecrets: (automation: { organizationId: string; automationId: string }) => Promise<readonly string[]>
}

/** The registry: a new action is a file beside this one and a line here. */
export function createActions({ db, egress, signingSecrets }: ActionDependencies): Actions {
  const actions = [
    erase(createMessageAction(db)),
    erase(createHttpRequestAction({ egress, render, checkTemplate, signingSecrets })),
  ]
  const find = (config: Config) => actions.find(({ type }) => type === config.type)
  const get = (config: Config) => {
    const action = find(config)
    if (action === undefined) throw new Error(`there is no action "${config.type}"`)
    return action
  }
  return {
    validate(config) {
      const known = actions.map(({ type }) => type).join(', ')
      return find(config)?.validate(config) ?? [{ path: '/type', message: `must be one of ${known}` }]
    },
    preview: (config, scope) => get(config).preview(config, scope),
    run: (config, context) => get(config).run(config, context),
  }
}

/** An action whose config is checked against its schema at the door, so that it can stand in a list with others. */
function erase<C>(action: Action<C>) {
  const typed = (config: Config): C => {
    const [wrong] = schemaProblems(action.schema, config)
    if (wrong !== undefined) throw new Error(`${wrong.path} ${wrong.message}`)
    return config as C
  }
  return {
    type: action.type,
    validate(config: Config): ConfigProblem[] {
      const wrong = schemaProblems(action.schema, config)
      return wrong.length > 0 ? wrong : action.validate(typed(config))
    },
    preview: (config: Config, scope: Scope) => action.preview(typed(config), scope),
    run: (config: Config, context: ActionContext) => action.run(typed(config), context),
  }
}
