import { SocialPostAction } from '../../schemas/actions/social-post.ts'
import type { Action, ActionConfig, ActionContext, Fill, FindApproved } from './action.ts'
import { FillError } from './filling.ts'
import type { PostAction } from './post.ts'
import { textProblems } from './template.ts'

/** Posts by another automation of the space: by its network, with its credential, while a person lets it run. */
export function createPostThroughAction(
  findApproved: FindApproved,
  post: Pick<Action<PostAction>, 'type' | 'preview' | 'run'>,
): Action<SocialPostAction> {
  const find: FindApproved = async (space, automationId) => {
    const found = await findApproved(space, automationId)
    if ('problem' in found) return unusable(found.problem)
    return found.action.type === post.type ? found : unusable('it does not post')
  }
  return {
    type: 'social_post',
    schema: SocialPostAction,
    problems: ({ text }) => textProblems(text),
    profile: () => ({ hosts: [], secrets: [], warnings: [] }),
    async preview({ type, automation_id, text }, context) {
      const { space, fill } = context
      const found = await find(space, automation_id)
      if ('problem' in found) {
        const shown = { type, automation_id, ...(await textOf(text, fill)) }
        return { action: shown, hosts: [], warnings: [`a run would fail: ${found.problem}`] }
      }
      const shown = await post.preview({ ...asPost(found.action), ...(await textOf(text, fill)) }, context)
      return { ...shown, action: { ...shown.action, type, automation_id } }
    },
    async run({ automation_id, text }, context) {
      const { organizationId, spaceId, fill, sentBefore } = context
      const space = { organizationId, id: spaceId }
      const found = await find(space, automation_id)
      if ('problem' in found) return { ok: false, error: found.problem, retry: sentBefore === null ? 'no' : 'unknown' }
      const { action, digest, secrets, secretVersions } = found
      if (sentBefore !== null && sentBefore.by_digest !== digest)
        return {
          ok: false,
          error: 'the automation by which it posts was changed while it was tried again',
          retry: 'unknown',
        }
      try {
        // What was sent before is sent again as it was.
        const filled = sentBefore === null ? await textOf(text, fill) : {}
        const sending: ActionContext['sending'] = async (sent, until) => {
          // What was asked meanwhile may have taken its time.
          const now = await find(space, automation_id)
          if ('problem' in now || now.digest !== digest) throw new Error('the automation by which it posts was changed')
          await context.sending({ ...sent, by_digest: digest }, until)
        }
        const as = { ...context, automationId: automation_id, secrets, secretVersions, sending }
        return await post.run({ ...asPost(action), ...filled }, as)
      } catch (error) {
        if (error instanceof FillError) return { ok: false, error: error.message, retry: 'no' }
        throw error
      }
    },
  }
}

function unusable(why: string): { problem: string } {
  return { problem: `the automation by which it posts can't be used: ${why}` }
}

function asPost(action: ActionConfig): PostAction {
  return action as ActionConfig & PostAction
}

async function textOf(text: string | undefined, fill: Fill): Promise<{ text?: string }> {
  return text === undefined ? {} : ((await fill({ text })).value as { text: string })
}
