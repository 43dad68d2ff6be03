import { type ReverseTunnelConfig, reverseTunnelSchema } from '../../../schemas/kinds/reverse-tunnel.ts'
import { isAddressOrNetwork } from '../../egress/address.ts'
import type { ConfigProblem } from '../../errors.ts'
import type { Config, Kind, Opening } from '../kind.ts'
import { isReserved } from './reserved.ts'

const DEFAULT_MAX_STREAMS = 100
const DEFAULT_CHECK_SECONDS = 30
/** In a path that others are compared with: what could be read in two ways. */
const AMBIGUOUS = /[?#\\%]|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/

/** In the target of a request. */
const ASKABLE = /^[\x21-\x7e]+$/

/** `reverse_tunnel`: a service behind NAT, reached through this server. */
export const reverseTunnel: Kind = {
  schema: reverseTunnelSchema,
  problems: (config) => problemsOf(known(config)),
  warnings: (config) => warningsFor(known(config)),
  sessions: { opening },
}

function opening(config: Config): Opening {
  const { health_check: check, ...said } = known(config)
  return {
    subdomain: said.subdomain,
    access: said.access ?? 'token',
    allowedPaths: said.allowed_paths,
    allowedNetworks: said.allowed_networks,
    requestsPerMinute: said.requests_per_minute,
    maxStreams: said.max_streams ?? DEFAULT_MAX_STREAMS,
    idleTimeoutSeconds: said.idle_timeout_seconds,
    rewritesHost: said.host_header === 'rewrite',
    healthCheck: check && { path: check.path, intervalSeconds: check.interval_seconds ?? DEFAULT_CHECK_SECONDS },
  }
}

function problemsOf(config: ReverseTunnelConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const { subdomain, allowed_paths: paths = [], allowed_networks: networks = [] } = config
  if (subdomain !== undefined && isReserved(subdomain))
    problems.push({ path: '/config/subdomain', message: 'is reserved' })
  for (const [i, path] of paths.entries())
    if (AMBIGUOUS.test(path))
      problems.push({
        path: `/config/allowed_paths/${i}`,
        message: 'must be a path as it is read, without a query, dot segments, doubled slashes or anything encoded',
      })
  if (!ASKABLE.test(config.health_check?.path ?? '/'))
    problems.push({
      path: '/config/health_check/path',
      message: 'must be a path as it is sent, with what needs it encoded',
    })
  for (const [i, network] of networks.entries())
    if (!isAddressOrNetwork(network))
      problems.push({
        path: `/config/allowed_networks/${i}`,
        message: 'must be an address, or a network like 203.0.113.0/24',
      })
  return problems
}

function warningsFor({ access, allowed_paths: paths, allowed_networks: networks }: ReverseTunnelConfig): string[] {
  if (access !== 'public') return []
  const from = networks === undefined ? 'everybody on the Internet' : 'everybody in the allowed networks'
  if (paths === undefined) return [`${from} can reach every path of the service: set allowed_paths, or access: token`]
  return [`${from} can reach the allowed paths of the service`]
}

/** The keys that this kind knows; they are typed once the config has been validated. */
function known(config: Config): ReverseTunnelConfig {
  return config as ReverseTunnelConfig
}
