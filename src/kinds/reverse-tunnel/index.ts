import { ReverseTunnelConfig } from '../../../schemas/kinds/reverse-tunnel.ts'
import type { Kind } from '../kind.ts'
import { withoutRuns } from '../without-runs.ts'

/** `reverse_tunnel`: a service behind NAT, reached through this server. */
export const reverseTunnel: Kind = withoutRuns('reverse_tunnel', ReverseTunnelConfig)
