import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { prepared } from '../prepared.ts'
import type { DB } from '../types.ts'
import { INTAKE_SLOT, type SealedSecret } from './automation-secrets.ts'

/** What stands behind a hook: its automation with the content that is shown, and the secrets that its senders may use. */
export type Webhook = {
  hook_id: string
  organization_id: string
  space_id: string
  automation_id: string
  kind: string
  status: string
  revision: number
  digest: string
  approved_digest: string | null
  name: string
  config: unknown
  secret_versions: Record<string, number>
  /** Whether nothing keeps its content from running. */
  is_whole: boolean
  /** Those that hold, the present one first. */
  secrets: SealedSecret[]
}

/** What decides whether an event comes in: while all of it is the same, so is the answer. */
export type WebhookState = Pick<
  Webhook,
  'hook_id' | 'kind' | 'status' | 'revision' | 'digest' | 'approved_digest' | 'is_whole'
> & {
  /** Of the secrets that hold, in their order, with commas. */
  secret_ids: string
}

/** The state of a webhook that was read. */
export function stateOf(webhook: Webhook): WebhookState {
  const { hook_id, kind, status, revision, digest, approved_digest, is_whole, secrets } = webhook
  const secret_ids = secrets.map(({ id }) => id).join()
  return { hook_id, kind, status, revision, digest, approved_digest, is_whole, secret_ids }
}

/** SQL for the columns of states that are given as JSON, with a number for each. */
export const SEEN_COLUMNS = sql`
  number integer, hook_id text, kind text, status text, revision integer, digest text, approved_digest text, is_whole boolean,
  secret_ids text`

/** SQL for whether a row of `automations` is as it was in a state; all that may differ is looked at. */
export function isAsSeen(automation: RawBuilder<unknown>, seen: RawBuilder<unknown>): RawBuilder<boolean> {
  const [a, h] = [automation, seen]
  return sql<boolean>`
    (${a}.kind, ${a}.status, ${a}.revision, ${a}.problems is null) = (${h}.kind, ${h}.status, ${h}.revision, ${h}.is_whole)
    and ${a}.approved_digest is not distinct from ${h}.approved_digest and ${secretIds(a)} = ${h}.secret_ids`
}

/** SQL for {@link WebhookState.secret_ids} as they are now, of a row of `automations`. */
function secretIds(automation: RawBuilder<unknown>): RawBuilder<string> {
  return sql<string>`(
    select coalesce(string_agg(s.id::text, ',' order by s.valid_until nulls first), '') ${validSecrets(automation)})`
}

function validSecrets(automation: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    from automation_secrets s
   where s.organization_id = ${automation}.organization_id and s.automation_id = ${automation}.id
     and s.slot = ${sql.lit(INTAKE_SLOT)} and s.ciphertext is not null and (s.valid_until is null or s.valid_until > now())`
}

/** Gives an automation the place where its events come in, for good. */
export async function insert(
  trx: Transaction<DB>,
  { organizationId, id }: { organizationId: string; id: string },
  hookId: string,
): Promise<void> {
  const row = { hook_id: hookId, organization_id: organizationId, automation_id: id }
  await trx.insertInto('webhooks').values(row).execute()
}

const findMany = prepared<{ hookIds: string[] }, Webhook>(
  (param) => sql<Webhook>`
    select w.hook_id, a.organization_id, a.space_id, a.id as automation_id, a.kind, a.status,
           r.revision, r.digest, a.approved_digest, r.name, r.config, r.secret_versions, a.problems is null as is_whole,
           (select coalesce(json_agg(to_json(s)
                                     order by s.valid_until nulls first), '[]')
              ${validSecrets(sql`a`)}) as secrets
      from webhooks w
      join automations a on a.organization_id = w.organization_id and a.id = w.automation_id
      join automation_revisions r
        on r.organization_id = a.organization_id and r.automation_id = a.id and r.revision = a.revision
     where w.hook_id = any(${param('hookIds')}::text[])`,
)

/** The webhooks of some ids. What is not there is left out. */
export async function list(db: Kysely<DB>, hookIds: readonly string[]): Promise<Webhook[]> {
  return findMany(db, { hookIds: [...hookIds] })
}
