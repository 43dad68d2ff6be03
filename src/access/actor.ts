export type { Space } from '../../db/space.ts'

/**
 * Who is asking: a person, or a service account (AI staff). Rules take the actor, never a flag. `userId` is set for
 * both, because a service account has a user of its own, which holds its roles and signs its messages.
 */
export type Actor =
  | { type: 'user'; id: string; userId: string }
  | { type: 'service_account'; id: string; userId: string; organizationId: string }

/** An organization the caller belongs to, and what they may do there. */
export type OrganizationAccess = { id: string; permissions: ReadonlySet<string> }
