import { type SocialPostConfig, socialPostSchema } from '../../../schemas/kinds/social-post.ts'
import { DEFAULT_SOCIAL_PROVIDER } from '../../../schemas/social.ts'
import type { ActionConfig } from '../../actions/action.ts'
import { scheduleProblems } from '../../clock/schedule.ts'
import type { ConfigProblem } from '../../errors.ts'
import type { Config, Facts, Kind } from '../kind.ts'

/** `social_post`: a post on a social network, when somebody asks for it or by the clock. */
export const socialPost: Kind = {
  schema: socialPostSchema,
  problems,
  effect,
  refusal(config, input, { hasCredential }) {
    if (known(config).provider === 'bluesky') return 'run_not_implemented'
    if (input.text === undefined && known(config).default_text === undefined) return 'nothing_to_post'
    return hasCredential ? undefined : 'credential_missing'
  },
  credentialFor(config) {
    const { provider = DEFAULT_SOCIAL_PROVIDER, instance_url } = known(config)
    return `${provider} ${URL.parse(instance_url ?? '')?.host ?? ''}`
  },
  answer: ({ external_ref, error_message }) => ({ tweet_id: external_ref ?? '', error: error_message }),
  warnings: (config) => providerWarnings(known(config)),
  clock: {
    schedule(config) {
      const { schedule, timezone } = known(config)
      return schedule === undefined ? null : { cron: schedule, timezone }
    },
    overlap: () => 'skip',
    // What was to be said then is not news any more.
    missed: () => 'skip',
  },
}

function problems(config: Config, { actions, secrets }: Facts): ConfigProblem[] {
  const { schedule, timezone } = known(config)
  const wrongSchedule = schedule === undefined ? [] : scheduleProblems({ cron: schedule, timezone })
  return [
    ...wrongSchedule.map(({ path, message }) => ({
      path: `/config${path === '/cron' ? '/schedule' : path}`,
      message,
    })),
    ...actions.problems(effect(config, {}), { secrets, isOfKind: true }),
  ]
}

function effect(config: Config, { text }: Readonly<Record<string, unknown>>): ActionConfig {
  return { type: 'post', config, ...(text === undefined ? {} : { text }) }
}

/** A reviewer sees the provider nowhere else, where the config leaves it out. */
function providerWarnings({ provider }: SocialPostConfig): string[] {
  return provider === undefined ? [`no provider is named: it posts on ${DEFAULT_SOCIAL_PROVIDER}`] : []
}

function known(config: Config): SocialPostConfig {
  return config as SocialPostConfig
}
