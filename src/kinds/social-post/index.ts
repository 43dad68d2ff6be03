import type { AutomationConfig } from '../../../schemas/automations.ts'
import { SocialPostConfig } from '../../../schemas/kinds/social-post.ts'
import { checkTemplate } from '../../actions/template.ts'
import type { ConfigProblem } from '../../errors.ts'
import type { Kind } from '../kind.ts'
import { parseSchedule } from '../scheduled/schedule.ts'
import { withoutRuns } from '../without-runs.ts'

/** `social_post`: a post on a social network. */
export const socialPost: Kind = withoutRuns('social_post', SocialPostConfig, problems)

function problems(config: AutomationConfig): ConfigProblem[] {
  const { provider, default_text: text, schedule } = config as SocialPostConfig
  const wrongText = text === undefined ? undefined : checkTemplate(text)
  return [
    ...(provider === undefined ? [{ path: '/config/provider', message: 'is required', isMissing: true as const }] : []),
    ...(wrongText === undefined ? [] : [{ path: '/config/default_text', message: wrongText }]),
    ...(schedule === undefined ? [] : scheduleProblems(schedule)),
  ]
}

function scheduleProblems(cron: string): ConfigProblem[] {
  const parsed = parseSchedule({ cron })
  return 'problems' in parsed ? parsed.problems.map(({ message }) => ({ path: '/config/schedule', message })) : []
}
