import * as action from './actions/action.ts'
import * as httpRequestAction from './actions/http-request.ts'
import * as messageAction from './actions/message.ts'
import * as socialPostAction from './actions/social-post.ts'
import * as agentTools from './agent-tools.ts'
import * as auditLog from './audit-log.ts'
import * as auth from './auth.ts'
import { kindComponents } from './automation-kinds.ts'
import * as automationPolicy from './automation-policy.ts'
import { policyComponents } from './automation-policy.ts'
import * as automationSecrets from './automation-secrets.ts'
import * as automations from './automations.ts'
import * as chat from './chat.ts'
import type { Component } from './component.ts'
import * as decisions from './decisions.ts'
import * as digest from './digest.ts'
import * as errors from './errors.ts'
import * as headers from './headers.ts'
import * as health from './health.ts'
import * as instance from './instance.ts'
import * as invites from './invites.ts'
import type { KindSchema } from './kinds/kind.ts'
import * as me from './me.ts'
import * as members from './members.ts'
import * as notifications from './notifications.ts'
import * as organizations from './organizations.ts'
import * as paging from './paging.ts'
import * as permissions from './permissions.ts'
import * as preview from './preview.ts'
import { previewRequest } from './preview.ts'
import * as reviews from './reviews.ts'
import * as revisions from './revisions.ts'
import * as roles from './roles.ts'
import * as runs from './runs.ts'
import * as serviceAccounts from './service-accounts.ts'
import * as signupRequests from './signup-requests.ts'
import * as spaceEvents from './space-events.ts'
import * as spaces from './spaces.ts'
import * as tunnels from './tunnels.ts'
import * as webhookEvents from './webhook-events.ts'

/** The named schemas that do not depend on which kinds there are, in the order in which they stand in the document. */
export const COMPONENTS: readonly Component[] = [
  errors,
  automations,
  digest,
  paging,
  headers,
  action,
  messageAction,
  socialPostAction,
  httpRequestAction,
  preview,
  decisions,
  revisions,
  reviews,
  automationPolicy,
  runs,
  agentTools,
  spaceEvents,
  webhookEvents,
  automationSecrets,
  tunnels,
  auth,
  instance,
  me,
  notifications,
  permissions,
  organizations,
  members,
  roles,
  invites,
  signupRequests,
  serviceAccounts,
  spaces,
  chat,
  auditLog,
  health,
].flatMap((module) => Object.values(module).filter(isComponent))

/** Every named schema, with those of the kinds there are. */
export function componentsOf(kinds: readonly KindSchema[]): Component[] {
  return [...COMPONENTS, ...kindComponents(kinds), previewRequest(kinds), ...policyComponents(kinds)]
}

function isComponent(value: unknown): value is Component {
  return typeof value === 'object' && value !== null && '$id' in value && typeof value.$id === 'string'
}
