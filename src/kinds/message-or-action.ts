import type { ActionConfig } from '../actions/action.ts'
import type { ConfigProblem } from '../errors.ts'
import type { Facts } from './kind.ts'

/** Of a config: an action, or `channel` and `message`, which are short for a message. */
type Given = { action?: unknown; channel?: string; message?: string }

const DEFAULT_CHANNEL = 'general'

/** The action that a config says, in whichever way. @param defaultText what a message says where the config does not. */
export function messageOrAction({ action, channel, message }: Given, defaultText?: string): ActionConfig {
  if (action !== undefined) return { type: '', ...(typeof action === 'object' ? action : {}) }
  const text = message ?? defaultText
  return { type: 'message', channel: channel ?? DEFAULT_CHANNEL, ...(text === undefined ? {} : { text }) }
}

/** What keeps that action from running, at the places where the config says it. */
export function messageOrActionProblems(
  given: Given,
  does: ActionConfig,
  { actions, secrets }: Facts,
): ConfigProblem[] {
  const at = (path: string) =>
    given.action === undefined ? `/config${path.replace('/text', '/message')}` : `/config/action${path}`
  return actions.problems(does, { secrets }).map((problem) => ({ ...problem, path: at(problem.path) }))
}
