import type { Call } from './tool.ts'
import { describeAutomation } from './tools/automations.ts'
import { describeKind } from './tools/kinds.ts'

const KIND = /^hyperspeed:\/\/kinds\/([a-z0-9_]{1,64})$/
const AUTOMATION = /^hyperspeed:\/\/spaces\/([0-9a-f-]{36})\/automations\/([0-9a-f-]{36})$/i
const JSON_TYPE = 'application/json'

export const TEMPLATES = [
  {
    name: 'kind',
    title: 'Kind of automation',
    description: 'What config of a kind may hold.',
    uriTemplate: 'hyperspeed://kinds/{kind}',
    mimeType: JSON_TYPE,
  },
  {
    name: 'automation',
    title: 'Automation',
    description: 'All of one automation. Subscribe to hear of its changes.',
    uriTemplate: 'hyperspeed://spaces/{space_id}/automations/{automation_id}',
    mimeType: JSON_TYPE,
  },
]

/** The kinds, which are few. Automations are listed by a tool. */
export function listResources({ app }: Call) {
  return app.kinds.schemas.map(({ name, title }) => ({
    uri: `hyperspeed://kinds/${name}`,
    name,
    title,
    mimeType: JSON_TYPE,
  }))
}

/**
 * Reads what a URI names, as the caller may.
 *
 * @returns undefined for a URI of no resource.
 * @throws Refused
 */
export async function readResource(uri: string, { api, app }: Call): Promise<Record<string, unknown> | undefined> {
  const [, kind] = KIND.exec(uri) ?? []
  if (kind !== undefined) return describeKind(app.kinds, kind)
  const place = automationOf(uri)
  return place && describeAutomation(api, app.settings.publicUrl, place)
}

/** Which automation a URI names; undefined for any other. Ids in the spelling in which they are kept. */
export function automationOf(uri: string): { space_id: string; automation_id: string } | undefined {
  const [, spaceId, automationId] = AUTOMATION.exec(uri) ?? []
  if (spaceId === undefined || automationId === undefined) return undefined
  return { space_id: spaceId.toLowerCase(), automation_id: automationId.toLowerCase() }
}
