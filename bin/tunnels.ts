import { createClientAddress } from '../plugins/client-address.ts'
import { startTunnels, type Tunnels } from '../src/tunnels/tunnels.ts'
import type { ConfigWithSecrets } from './load-config.ts'
import type { Program } from './program.ts'

/** Starts to serve tunnels: agents come in where the API is, visitors on a port of their own. */
export async function serveTunnels(
  { app, database, kinds, onError }: Program,
  config: ConfigWithSecrets,
): Promise<Tunnels> {
  const tunnels = await startTunnels({
    db: database.db,
    databaseUrl: database.url,
    kinds,
    keys: config.encryptionKeys,
    // Nobody else works on the embedded database.
    peer: database.embedded ? undefined : config.peer,
    url: app.settings.triggerUrls.tunnelsUrl,
    clientOf: createClientAddress(config.trustProxy),
    isAccessToken: (token) => app.isAccessToken(token),
    onError: onError('tunnels failed'),
  })
  app.server.on('upgrade', tunnels.onUpgrade)
  return tunnels
}
