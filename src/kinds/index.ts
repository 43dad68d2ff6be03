import type { AutomationKind } from '../../schemas/automations.ts'
import type { Kind } from './kind.ts'
import { reverseTunnel } from './reverse-tunnel/index.ts'
import { scheduled } from './scheduled/index.ts'
import { socialPost } from './social-post/index.ts'
import { webhook } from './webhook/index.ts'

/** Every kind there is. What the rest of the program knows of one, it knows from here. */
export const KINDS: Record<AutomationKind, Kind> = {
  scheduled,
  webhook,
  social_post: socialPost,
  reverse_tunnel: reverseTunnel,
}

/** Whether automations of a kind can run at all. */
export function canRun(kind: string): boolean {
  return KINDS[kind as AutomationKind].action({}) !== null
}
