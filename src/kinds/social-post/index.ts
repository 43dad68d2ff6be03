import { type SocialPostConfig, socialPostSchema } from '../../../schemas/kinds/social-post.ts'
import { checkTemplate } from '../../actions/template.ts'
import { scheduleProblems } from '../../clock/schedule.ts'
import type { ConfigProblem } from '../../errors.ts'
import type { Config, Kind } from '../kind.ts'

/** `social_post`: a post on a social network. */
export const socialPost: Kind = {
  schema: socialPostSchema,
  problems,
  warnings: () => ['this kind is stored, reviewed and activated, and does not run yet'],
}

function problems(config: Config): ConfigProblem[] {
  const { provider, default_text: text, schedule } = config as SocialPostConfig
  const wrongText = text === undefined ? undefined : checkTemplate(text).problem
  const wrongSchedule = schedule === undefined ? [] : scheduleProblems({ cron: schedule })
  return [
    ...(provider === undefined ? [{ path: '/config/provider', message: 'is required', isMissing: true as const }] : []),
    ...(wrongText === undefined ? [] : [{ path: '/config/default_text', message: wrongText }]),
    ...wrongSchedule.map(({ message }) => ({ path: '/config/schedule', message })),
  ]
}
