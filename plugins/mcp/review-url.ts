import type { Api } from './api.ts'
import { segment } from './paths.ts'

/** Where people decide on a proposal: its page of the console. */
export function reviewUrl(
  { staff }: Api,
  publicUrl: string,
  { space_id, automation_id }: { space_id: string; automation_id: string },
): string {
  return `${publicUrl}/console/${staff.organizationId}/review/${segment(space_id)}/${segment(automation_id)}`
}
