import { TUNNEL_PATH, UPGRADE } from '../../agent/protocol.ts'
import { ApiError } from '../../src/errors.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Where agents of tunnels dial in: what comes without an upgrade hears that it needs one. The others are no requests any more. */
const routes: RoutePlugin = async (app) => {
  app.get(TUNNEL_PATH, { config: { public: true }, schema: { hide: true } }, async () => {
    throw new ApiError('upgrade_required', { headers: { upgrade: UPGRADE, connection: 'Upgrade' } })
  })
}

export default routes
