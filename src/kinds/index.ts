import { Type } from '@sinclair/typebox'
import type { AutomationKind } from '../../schemas/automations.ts'
import { component } from '../../schemas/component.ts'
import type { Kind } from './kind.ts'
import { reverseTunnel } from './reverse-tunnel/index.ts'
import { scheduled } from './scheduled/index.ts'
import { socialPost } from './social-post/index.ts'
import { withoutRuns } from './without-runs.ts'

/** Every kind there is. What the rest of the program knows of one, it knows from here. */
export const KINDS: Record<AutomationKind, Kind> = {
  scheduled,
  webhook: withoutRuns('webhook', component('WebhookConfig', Type.Object({}))),
  social_post: socialPost,
  reverse_tunnel: reverseTunnel,
}
