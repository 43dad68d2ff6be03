import { createHmac, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { AutomationConfig } from '../../schemas/automations.ts'
import { seal } from '../../src/secrets/sealed.ts'
import { CIPHER } from './app.ts'
import { makeAutomations, type Workspace } from './workspace.ts'

/** What all hooks of a benchmark are signed with. */
export const SECRET = `whsec_${randomBytes(32).toString('base64')}`
const KEY = Buffer.from(SECRET.slice('whsec_'.length), 'base64')

/** The body of every event. */
export const BODY = JSON.stringify({
  type: 'invoice.paid',
  timestamp: '2026-11-24T12:00:00Z',
  data: { text: 'x'.repeat(420) },
})

/**
 * Makes webhook automations, spread over the spaces, which run once for each event. A server opens their secret that has the key
 * of {@link CIPHER}.
 *
 * @returns the ids of their hooks.
 */
export async function makeHooks(
  db: Database,
  workspace: Workspace,
  count: number,
  config: AutomationConfig,
): Promise<string[]> {
  const made = await makeAutomations(db, [workspace], count, config, null, 'webhook')
  await db.transaction().execute(async (trx) => {
    for (const { organizationId, id } of made) {
      await webhooks.insert(trx, { organizationId, id }, hookIdOf(id))
      const secret = { ...seal(CIPHER, SECRET), userId: null }
      await automationSecrets.replace(trx, { organizationId, automationId: id }, 'webhook', secret, 0)
    }
  })
  return made.map(({ id }) => hookIdOf(id))
}

function hookIdOf(automationId: string): string {
  return `wh_${automationId}`
}

/** An event for a hook, with an id and a signature of its own by Standard Webhooks. */
export function signedEvent(hookId: string): { path: string; body: string; headers: Record<string, string> } {
  const id = newId()
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', KEY).update(`${id}.${timestamp}.${BODY}`).digest('base64')
  const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': timestamp }
  const signed = { ...headers, 'webhook-signature': `v1,${signature}` }
  return { path: `/api/v1/hooks/${hookId}`, body: BODY, headers: signed }
}

/** Leaves nothing of one figure that the next would pay for. */
export async function empty(db: Database): Promise<void> {
  await sql`truncate webhook_events, automation_runs, space_events, chat_messages, pgboss.job`.execute(db)
  await sql`checkpoint`.execute(db)
}
