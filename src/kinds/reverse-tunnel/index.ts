import { reverseTunnelSchema } from '../../../schemas/kinds/reverse-tunnel.ts'
import type { Kind } from '../kind.ts'

/** `reverse_tunnel`: a service behind NAT, reached through this server. */
export const reverseTunnel: Kind = {
  schema: reverseTunnelSchema,
  problems: () => [],
  warnings: () => ['this kind is stored, reviewed and activated, and does not run yet'],
}
