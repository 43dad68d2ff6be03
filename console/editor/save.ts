import type { Automation, AutomationUpdate } from '../api.d.ts'
import { answer, api } from '../client.ts'
import { ONE } from '../queries.ts'
import { isSameConfig } from './draft.ts'
import type { Content, Stored } from './stored.ts'

/** A status that a person may set. */
export type SettableStatus = NonNullable<AutomationUpdate['status']>

/** What is saved beside the content. */
export type Choices = { status: SettableStatus | undefined; token: string }

type Where = { orgId: string; spaceId: string }

const ALL = '/api/v1/organizations/{orgId}/spaces/{spaceId}/automations'

// Bodies are put together as texts: a config goes out as it was written, with every number.

/** Makes a new automation. @param key has the server make it once, however often it is sent. */
export async function create(
  where: Where,
  kind: string,
  content: Content,
  choices: Choices,
  key: string,
): Promise<Automation> {
  const { name, description, config } = content
  const body = bodyOf({ ...choicesIn(choices), name, kind, ...(description && { description }) }, config)
  const params = { path: where, header: { 'idempotency-key': key } }
  const sent = { params, body: { name, kind } as never, bodySerializer: () => body }
  return (await answer(api.POST(ALL, sent))).automation
}

/** Changes what differs from what was loaded, and only while that is still what is stored. */
export async function update(where: Where, stored: Stored, content: Content, choices: Choices): Promise<Automation> {
  const { automation, content: before } = stored
  const { name, description, config } = content
  const changed = {
    ...choicesIn(choices),
    ...(name !== before.name && { name }),
    ...(description !== before.description && { description: description === '' ? null : description }),
  }
  const body = bodyOf(changed, isSameConfig(config, before.config) ? undefined : config)
  const header = { 'if-match': JSON.stringify(automation.digest) }
  const params = { path: { ...where, automationId: automation.id }, header }
  return (await answer(api.PATCH(ONE, { params, body: {}, bodySerializer: () => body }))).automation
}

function choicesIn({ status, token }: Choices): Record<string, unknown> {
  return { ...(status !== undefined && { status }), ...(token !== '' && { oauth_token: token }) }
}

function bodyOf(members: Record<string, unknown>, config: string | undefined): string {
  const written = Object.entries(members).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  return `{${[...written, ...(config === undefined ? [] : [`"config":${config}`])].join(',')}}`
}
