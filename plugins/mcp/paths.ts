import type { Api } from './api.ts'

/** Where a space is, after `/api/v1`. Ids come from whoever asks: what is none is refused as any other. */
export function spacePath({ staff }: Api, spaceId: string): string {
  return `/organizations/${staff.organizationId}/spaces/${segment(spaceId)}`
}

/** Where an automation is, after `/api/v1`. */
export function automationPath(
  api: Api,
  { space_id, automation_id }: { space_id: string; automation_id: string },
): string {
  return `${spacePath(api, space_id)}/automations/${segment(automation_id)}`
}

/** A text as one segment of a path, whatever is in it: `..` would be another path, and nothing would be none. */
export function segment(text: string): string {
  return encodeURIComponent(text).replace(/^\.{0,2}$/, '-')
}
