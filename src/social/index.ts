import { DEFAULT_SOCIAL_PROVIDER, type PostConfig } from '../../schemas/social.ts'
import { createBluesky } from './bluesky.ts'
import { createLinkedIn } from './linkedin.ts'
import { createMastodon } from './mastodon.ts'
import type { SocialProvider } from './provider.ts'
import { createX } from './x.ts'

/** Where the networks are that have one place for all, and by which version of its API LinkedIn is asked. */
export type SocialSettings = { xBase: string; linkedInBase: string; linkedInVersion: string }

/** Where they are on the open network. */
export const SOCIAL_NETWORKS: SocialSettings = {
  xBase: 'https://api.x.com',
  linkedInBase: 'https://api.linkedin.com',
  linkedInVersion: '202610',
}

/** Every network there is. A new one is a file beside this one and a line here. */
export type Social = {
  /** That of a config. @throws Error for a name that the schema does not have. */
  of(config: PostConfig): SocialProvider
}

export function createSocial({ xBase, linkedInBase, linkedInVersion }: SocialSettings): Social {
  const providers: Record<string, SocialProvider> = {
    x: createX(xBase),
    mastodon: createMastodon(),
    bluesky: createBluesky(),
    linkedin: createLinkedIn({ base: linkedInBase, version: linkedInVersion }),
  }
  return {
    of({ provider: name = DEFAULT_SOCIAL_PROVIDER }) {
      const provider = providers[name]
      if (provider === undefined) throw new Error(`there is no network "${name}"`)
      return provider
    },
  }
}
