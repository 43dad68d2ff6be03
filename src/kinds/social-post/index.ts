import { type SocialPostConfig, socialPostSchema } from '../../../schemas/kinds/social-post.ts'
import { DEFAULT_SOCIAL_PROVIDER } from '../../../schemas/social.ts'
import type { ActionConfig } from '../../actions/action.ts'
import { previewSchedule } from '../../clock/preview.ts'
import { requireSchedule, scheduleProblems } from '../../clock/schedule.ts'
import type { ConfigProblem } from '../../errors.ts'
import type { Config, Facts, Kind } from '../kind.ts'

const MONTH_MS = 30 * 86_400_000

/** `social_post`: a post on a social network, when somebody asks for it or by the clock. */
export const socialPost: Kind = {
  schema: socialPostSchema,
  problems,
  effect,
  refusal(config, input, { hasCredential }) {
    if (input.text === undefined && known(config).default_text === undefined) return 'nothing_to_post'
    return hasCredential ? undefined : 'credential_missing'
  },
  credentialFor(config) {
    const { provider = DEFAULT_SOCIAL_PROVIDER, instance_url } = known(config)
    return `${provider} ${URL.parse(instance_url ?? '')?.origin ?? ''}`
  },
  answer: ({ external_ref, error_message }) => ({ tweet_id: external_ref ?? '', error: error_message }),
  warnings: (config) => [...providerWarnings(known(config)), ...costWarnings(known(config))],
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

/** Networks bill posts, and limit them, by the month. */
function costWarnings({ schedule, timezone }: SocialPostConfig): string[] {
  const clock = { cron: schedule, timezone }
  if (schedule === undefined || scheduleProblems(clock).length > 0) return []
  const times = previewSchedule(requireSchedule(clock), '', new Date()).next_runs.map(({ at_utc }) =>
    Date.parse(at_utc),
  )
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0)
  return span > 0 ? [`it posts about ${Math.round(((times.length - 1) * MONTH_MS) / span)} times a month`] : []
}

function known(config: Config): SocialPostConfig {
  return config as SocialPostConfig
}
