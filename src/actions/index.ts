import type { Kysely } from 'kysely'
import type { DB } from '../../db/types.ts'
import type { Egress } from '../egress/guard.ts'
import type { ConfigProblem } from '../errors.ts'
import { schemaProblems } from '../schema-problems.ts'
import type { Accounts } from '../social/accounts.ts'
import type { Social } from '../social/index.ts'
import type {
  Action,
  ActionConfig,
  ActionContext,
  ActionFacts,
  ActionPreview,
  ActionProfile,
  ActionResult,
  Fill,
  FindApproved,
  PreviewContext,
  Saying,
  SayingContext,
} from './action.ts'
import { createHttpRequestAction } from './http-request.ts'
import { createMessageAction } from './message.ts'
import { createPostAction } from './post.ts'
import { createPostThroughAction } from './post-through.ts'
import type { Renderer, Source } from './renderer.ts'

/** Every action there is, by the `type` in its config. */
export type Actions = {
  /**
   * Reads the templates of a config that take long, wherever in it they are, so that `problems` and `profile` take no time for them.
   *
   * @param signal gives up waiting. @throws SubprocessLost; the reason of the signal
   */
  readAhead(organizationId: string, config: unknown, signal: AbortSignal): Promise<void>
  /** Everything that keeps an action's config from running. Paths are pointers into it. */
  problems(config: ActionConfig, facts: ActionFacts): ConfigProblem[]
  /** What is plain of a config, nothing where it can't run. */
  profile(config: ActionConfig): ActionProfile
  /** @param signal gives up waiting for the templates. @throws FillError where one can't be filled in. */
  preview(config: ActionConfig, source: PreviewSource, signal: AbortSignal): Promise<ActionPreview>
  run(config: ActionConfig, context: RunContext): Promise<ActionResult>
  /** What a run would do where that is nothing but a message, and plain at once: not even the automation's last run is asked for. */
  say(config: ActionConfig, source: Source, run: Omit<SayingContext, 'fillNow'>): Saying | undefined
}

/** What is known of an automation that is previewed. */
export type PreviewSource = Pick<Source, 'organizationId' | 'scope'> &
  Pick<PreviewContext, 'credentialSetAt' | 'mayAsk'> & { spaceId: string }

/** What is known of a run when its action begins. */
export type RunContext = Omit<ActionContext, 'fill'> & Pick<Source, 'eventBody'>

export type ActionDependencies = {
  db: Kysely<DB>
  egress: Pick<Egress, 'request' | 'check'>
  renderer: Pick<Renderer, 'render' | 'renderNow' | 'readAhead'>
  social: Social
  accounts: Accounts
  findApproved: FindApproved
  /** The Standard Webhooks secrets of an automation that hold, the present one first. */
  signingSecrets: (automation: { organizationId: string; automationId: string }) => Promise<readonly string[]>
}

const NOTHING_PLAIN: ActionProfile = { hosts: [], secrets: [], warnings: [] }

/** The registry: a new action is a file beside this one and a line here. */
export function createActions(dependencies: ActionDependencies): Actions {
  const { db, egress, renderer, social, accounts, findApproved, signingSecrets } = dependencies
  const post = createPostAction({ egress, social, accounts })
  const actions = [
    erase(createMessageAction(db)),
    erase(createHttpRequestAction({ egress, signingSecrets })),
    erase(createPostThroughAction(findApproved, post)),
    erase(post),
  ]
  const named = actions.filter(({ isInternal }) => !isInternal)
  const find = (config: ActionConfig) => actions.find(({ type }) => type === config.type)
  const get = (config: ActionConfig) => {
    const action = find(config)
    if (action === undefined) throw new Error(`there is no action "${config.type}"`)
    return action
  }
  const fillFrom = (source: Source, signal: AbortSignal): Fill => {
    return (templates, secrets) => renderer.render(source, templates, { secrets, signal })
  }
  return {
    readAhead: renderer.readAhead,
    problems(config, facts) {
      const found = find(config)
      if (found !== undefined && (facts.isOfKind || named.includes(found))) return found.problems(config, facts)
      return [{ path: '/type', message: `must be one of ${named.map(({ type }) => type).join(', ')}` }]
    },
    profile: (config) => find(config)?.profile(config) ?? NOTHING_PLAIN,
    preview(config, source, signal) {
      const { organizationId, spaceId, scope, credentialSetAt, mayAsk } = source
      const space = { organizationId, id: spaceId }
      return get(config).preview(config, { space, scope, fill: fillFrom(source, signal), credentialSetAt, mayAsk })
    },
    run: (config, context) => get(config).run(config, { ...context, fill: fillFrom(context, context.signal) }),
    say: (config, source, run) =>
      get(config).say(config, { ...run, fillNow: (templates) => renderer.renderNow(source, templates) }),
  }
}

/** An action whose config is checked against its schema at the door, so that it can stand in a list with others. */
function erase<C>(action: Action<C>) {
  const typed = (config: ActionConfig): C => {
    const [wrong] = schemaProblems(action.schema, config)
    if (wrong !== undefined) throw new Error(`${wrong.path} ${wrong.message}`)
    return config as C
  }
  const isTyped = (config: ActionConfig) => schemaProblems(action.schema, config).length === 0
  return {
    type: action.type,
    isInternal: action.isInternal,
    problems(config: ActionConfig, facts: ActionFacts): ConfigProblem[] {
      const wrong = schemaProblems(action.schema, config)
      return wrong.length > 0 ? wrong : action.problems(typed(config), facts)
    },
    profile: (config: ActionConfig) => (isTyped(config) ? action.profile(config as C) : NOTHING_PLAIN),
    preview: (config: ActionConfig, context: PreviewContext) => action.preview(typed(config), context),
    run: (config: ActionConfig, context: ActionContext) => action.run(typed(config), context),
    say: (config: ActionConfig, context: SayingContext) => action.say?.(typed(config), context),
  }
}
