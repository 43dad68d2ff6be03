import { type Static, Type } from '@sinclair/typebox'
import { AutomationKind } from './automations.ts'
import { type Component, closed, component, named } from './component.ts'
import type { KindSchema } from './kinds/kind.ts'

const policy = (kinds: number) => ({
  require_digest_on_approval: Type.Boolean({
    description:
      'Every approval must name the digest (or send `If-Match`), also of what is as first submitted. So must a `PATCH` that sets ' +
      'what somebody else wrote to `active`.',
  }),
  approver_must_differ_from_editor: Type.Boolean({
    description:
      'Four eyes for people too: nobody lets run what they wrote a part of since it was last approved, or a secret that they ' +
      'set for it.',
  }),
  max_pending_per_service_account: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    description: 'How many proposals of one service account may wait at the same time.',
  }),
  kinds_allowed_for_service_accounts: Type.Array(AutomationKind, {
    maxItems: kinds,
    uniqueItems: true,
    description: 'The kinds that service accounts may propose.',
  }),
  proposal_expires_after_days: Type.Integer({
    minimum: 1,
    maximum: 3650,
    description: 'A proposal that nobody decided on by then is rejected with the code `expired`.',
  }),
  require_whole_config: Type.Boolean({
    description:
      'What is to be active must be whole: otherwise it may be active with `problems`, and runs once they are gone.',
  }),
})

type Policy = Static<ReturnType<typeof closed<ReturnType<typeof policy>>>>

/** How an organization reviews. */
export const AutomationPolicy = named<Policy>('AutomationPolicy')

/** What to change of it. */
export const AutomationPolicyUpdate = named<Partial<Policy>>('AutomationPolicyUpdate')

/** The components of the policy: it knows which kinds there are. */
export function policyComponents(kinds: readonly KindSchema[]): Component[] {
  const properties = policy(kinds.length)
  const example = {
    require_digest_on_approval: false,
    approver_must_differ_from_editor: false,
    max_pending_per_service_account: 50,
    kinds_allowed_for_service_accounts: kinds.map(({ name }) => name),
    proposal_expires_after_days: 30,
    require_whole_config: false,
  }
  return [
    component('AutomationPolicy', closed(properties, { description: 'How an organization reviews.', example })),
    component(
      'AutomationPolicyUpdate',
      Type.Partial(closed(properties), {
        additionalProperties: false,
        description: 'What to change; what is left out stays.',
        example: { require_digest_on_approval: true },
      }),
    ),
  ]
}

export const AutomationPolicyResponse = component(
  'AutomationPolicyResponse',
  closed({ policy: AutomationPolicy }, { description: 'The policy in force.' }),
)
