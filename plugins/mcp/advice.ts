/** What AI staff does next about a refusal, by its code. */
const NEXT: Record<string, string> = {
  automation_not_found: 'Call list_automations for the ids there are; it may have been deleted.',
  automation_not_pending: 'Nothing of it waits: call get_automation to see what became of it.',
  digest_mismatch: 'It was changed since you looked: call get_automation, and go on from the digest it has now.',
  forbidden: 'Your roles do not allow this: ask a person of the organization for the permission.',
  invalid_arguments: 'Correct the arguments that are named, and call again.',
  invalid_automation_id: 'Take the id from list_automations.',
  invalid_cursor: 'Leave cursor out to begin anew.',
  invalid_id: 'Take ids from the answers of other tools.',
  invalid_kind: 'Call get_workspace for the kinds that there are.',
  invalid_request: 'Correct what the paths name. get_kind has the schema of config, preview_automation tries one out.',
  invalid_space_id: 'Take space_id from get_workspace.',
  invalid_status: 'The statuses are draft, pending_approval, active, paused and rejected.',
  kind_not_allowed: 'Propose one of the kinds that get_workspace says you may, or ask a person to change the policy.',
  kind_unknown: 'Call get_workspace for the kinds that there are.',
  name_and_kind_required: 'Give a name that is not blank, and a kind.',
  no_space_access: 'Call get_workspace for the spaces that you may enter.',
  not_a_member: 'This service account belongs to no organization any more: tell the person you work for.',
  other_proposal_pending:
    "Another one's change waits there: wait until a person has decided on it, then propose yours.",
  pending_limit_reached: 'Withdraw a proposal that is not needed any more, or wait until people have decided on some.',
  precondition_failed: 'It was changed since you looked: call get_automation, and go on from the digest it has now.',
  quota_reached: 'The space is full: ask a person to delete what is not needed.',
  rate_limited: 'Wait as long as is said, then call again; wait_for_decision waits without asking again and again.',
  revision_not_found: 'Take the digest from the last answer about this automation.',
  run_not_found: 'Call list_runs for the ids there are.',
  service_account_not_author: 'It is not yours to change any more: tell the person you work for what you would change.',
  service_account_oauth_token: 'Leave credentials out: people set them.',
  space_not_found: 'Call get_workspace for the spaces that you may enter.',
  unauthorized: 'The token is not valid any more: tell the person you work for.',
}

/** What to do next. @param afterSeconds when to come again, where that was said */
export function nextFor(code: string, status: number, afterSeconds?: number): string {
  if (afterSeconds !== undefined) return `Wait ${afterSeconds} seconds, then call again.`
  const known = NEXT[code]
  if (known !== undefined) return known
  if (status >= 500) return 'It is not your fault: call again in a while, and tell a person if that does not help.'
  if (status === 403) return 'You may not do this: tell the person you work for what you would do.'
  return 'Read the message, correct the call, and try again; or tell the person you work for.'
}
