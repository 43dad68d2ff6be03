import { Type } from '@sinclair/typebox'
import { SECRET_NAME_PATTERN } from './automation-secrets.ts'
import { closed, uuid } from './component.ts'
import { revisionNumber } from './revisions.ts'

const orgId = uuid('Organization UUID.')
const spaceId = uuid('Space UUID.')

export const OrganizationParams = closed({ orgId })
export const SpaceParams = closed({ orgId, spaceId })
export const AutomationParams = closed({ orgId, spaceId, automationId: uuid('Automation UUID.') })
export const RevisionParams = closed({
  ...AutomationParams.properties,
  revision: revisionNumber('The number of a revision.'),
})
export const RunParams = closed({ ...AutomationParams.properties, runId: uuid('Run UUID.') })
export const SecretParams = closed({
  ...AutomationParams.properties,
  name: Type.String({
    maxLength: 64,
    pattern: SECRET_NAME_PATTERN,
    description: 'How templates call it.',
    example: 'stripe_key',
  }),
})
export const EventParams = closed({ ...AutomationParams.properties, eventId: uuid('Event UUID.') })
export const MemberParams = closed({ orgId, userId: uuid('User UUID.') })
export const RoleParams = closed({ orgId, roleId: uuid('Role UUID.') })
export const ServiceAccountParams = closed({ orgId, serviceAccountId: uuid('Service account UUID.') })
export const ChatRoomParams = closed({ orgId, spaceId, chatRoomId: uuid('Chat room UUID.') })
export const SignupRequestParams = closed({ orgId, requestId: uuid('Sign-up request UUID.') })
