import { DEFAULT_SOCIAL_PROVIDER, type PostConfig } from '../../schemas/social.ts'
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
  /** That of a config; undefined for one that is not posted to yet. */
  of(config: PostConfig): SocialProvider | undefined
}

export function createSocial({ xBase, linkedInBase, linkedInVersion }: SocialSettings): Social {
  const providers: Record<string, SocialProvider> = {
    x: createX(xBase),
    mastodon: createMastodon(),
    linkedin: createLinkedIn({ base: linkedInBase, version: linkedInVersion }),
  }
  return { of: ({ provider = DEFAULT_SOCIAL_PROVIDER }) => providers[provider] }
}
