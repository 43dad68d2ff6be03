import { scheduleProblems } from '../../../src/clock/schedule.ts'
import type { ConfigProblem } from '../../../src/errors.ts'
import type { Config, Kind, Opening } from '../../../src/kinds/kind.ts'
import { type EchoConfig, echoSchema } from './schema.ts'

/** `echo`: a kind that stands in the tests alone. It has every source: it is due, takes events, and holds connections. */
export const echo: Kind = {
  schema: echoSchema,
  problems(config, facts) {
    const { greeting, cron } = known(config)
    const missing = { path: '/config/greeting', message: 'is required', isMissing: true as const }
    const wrong = cron === undefined ? [] : scheduleProblems({ cron })
    return [
      ...(greeting === undefined ? [missing] : facts.actions.problems(effect(config), facts).map(ofGreeting)),
      ...wrong.map((problem) => ({ ...problem, path: `/config${problem.path}` })),
    ]
  },
  effect,
  warnings: (config) => (known(config).greeting === 'Boo' ? ['it frightens people'] : []),
  pauseAfterFailures: (config) => known(config).give_up_after ?? null,
  clock: {
    schedule(config) {
      const { cron } = known(config)
      return cron === undefined ? null : { cron }
    },
    overlap: () => 'allow',
    missed: () => 'skip',
  },
  intake: {
    needsSecret: (config) => known(config).password === true,
    makeSecret: () => 'open sesame',
    secretProblem: (_config, secret) => (secret.includes('sesame') ? undefined : 'must contain sesame'),
    verify: (config, { headers }, secrets) =>
      known(config).password !== true || secrets.includes(headers['x-password'] ?? ''),
    read: (_config, { headers, bytes }) => ({
      key: headers['x-key'] ?? null,
      type: 'call',
      headers: {},
      body: JSON.stringify(bytes.toString()),
      wanted: true,
    }),
    waitSeconds: () => null,
    example: () => ({ type: 'call', body: 'hello?' }),
  },
  sessions: { opening: () => OPENING },
}

const OPENING: Opening = {
  subdomain: undefined,
  access: 'public',
  allowedPaths: ['/echo'],
  allowedNetworks: undefined,
  requestsPerMinute: undefined,
  maxStreams: 10,
  idleTimeoutSeconds: undefined,
  rewritesHost: false,
  healthCheck: undefined,
}

function effect(config: Config, { shout }: Readonly<Record<string, unknown>> = {}) {
  const { greeting = '' } = known(config)
  const text = `${greeting}, ${shout ?? '{{ event.body | default: "nobody" }}'}!`
  return { type: 'message', channel: 'echo', text }
}

/** The text of the message is made of the greeting. */
function ofGreeting(problem: ConfigProblem): ConfigProblem {
  return { ...problem, path: '/config/greeting' }
}

function known(config: Config): EchoConfig {
  return config as EchoConfig
}
