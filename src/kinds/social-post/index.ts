import { DEFAULT_SOCIAL_PROVIDER, type SocialPostConfig, socialPostSchema } from '../../../schemas/kinds/social-post.ts'
import { checkTemplate } from '../../actions/template.ts'
import { scheduleProblems } from '../../clock/schedule.ts'
import type { ConfigProblem } from '../../errors.ts'
import type { Config, Kind } from '../kind.ts'

/** `social_post`: a post on a social network. */
export const socialPost: Kind = {
  schema: socialPostSchema,
  problems,
  warnings: (config) => [
    ...providerWarnings(known(config)),
    'this kind is stored, reviewed and activated, and does not run yet',
  ],
}

function problems(config: Config): ConfigProblem[] {
  const { default_text: text, schedule } = known(config)
  const wrongText = text === undefined ? undefined : checkTemplate(text).problem
  const wrongSchedule = schedule === undefined ? [] : scheduleProblems({ cron: schedule })
  return [
    ...(wrongText === undefined ? [] : [{ path: '/config/default_text', message: wrongText }]),
    ...wrongSchedule.map(({ message }) => ({ path: '/config/schedule', message })),
  ]
}

/** A reviewer sees the provider nowhere else, where the config leaves it out. */
function providerWarnings({ provider }: SocialPostConfig): string[] {
  return provider === undefined ? [`no provider is named: it posts on ${DEFAULT_SOCIAL_PROVIDER}`] : []
}

function known(config: Config): SocialPostConfig {
  return config as SocialPostConfig
}
