import { SocialPostAction } from '../../schemas/actions/social-post.ts'
import type { Action, ActionConfig, ActionContext, Fill, FindApproved } from './action.ts'
import { FillError } from './filling.ts'
import type { PostAction } from './post.ts'
import { checkTemplate } from './template.ts'

/** Posts by another automation of the space: by its network, with its credential, while a person lets it run. */
export function createPostThroughAction(
  findApproved: FindApproved,
  post: Pick<Action<PostAction>, 'type' | 'preview' | 'run'>,
): Action<SocialPostAction> {
  return {
    type: 'social_post',
    schema: SocialPostAction,
    problems({ text }) {
      const message = text === undefined ? undefined : checkTemplate(text).problem
      return message === undefined ? [] : [{ path: '/text', message }]
    },
    profile: () => ({ hosts: [], secrets: [], warnings: [] }),
    async preview({ type, automation_id, text }, context) {
      const { space, fill } = context
      const found = await findApproved(space, automation_id)
      const problem = problemOf(found, post.type)
      if (problem !== undefined || 'problem' in found) {
        const shown = { type, automation_id, ...(await textOf(text, fill)) }
        return { action: shown, hosts: [], warnings: [`a run would fail: ${problem}`] }
      }
      const shown = await post.preview({ ...asPost(found.action), ...(await textOf(text, fill)) }, context)
      return { ...shown, action: { ...shown.action, type, automation_id } }
    },
    async run({ automation_id, text }, context) {
      const { organizationId, spaceId, fill } = context
      const found = await findApproved({ organizationId, id: spaceId }, automation_id)
      const problem = problemOf(found, post.type)
      const { sentBefore } = context
      if (problem !== undefined || 'problem' in found)
        return { ok: false, error: String(problem), retry: sentBefore === null ? 'no' : 'unknown' }
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
          const now = await findApproved({ organizationId, id: spaceId }, automation_id)
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

function problemOf(found: Awaited<ReturnType<FindApproved>>, type: string): string | undefined {
  const sentence = (what: string) => `the automation by which it posts can't be used: ${what}`
  if ('problem' in found) return sentence(found.problem)
  return found.action.type === type ? undefined : sentence('it does not post')
}

function asPost(action: ActionConfig): PostAction {
  return action as ActionConfig & PostAction
}

async function textOf(text: string | undefined, fill: Fill): Promise<{ text?: string }> {
  return text === undefined ? {} : ((await fill({ text })).value as { text: string })
}
