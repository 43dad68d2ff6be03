import { type RawBuilder, sql } from 'kysely'
import { jsonBytes } from '../bytes.ts'
import { given, isoTime, jsonObject, orNull, quoted, text } from '../json.ts'

/** Where what sets automations off comes in: what the URL of a webhook begins with, and that of a tunnel with `*` for its name. */
export type TriggerUrls = { hooksUrl: string; tunnelsUrl: string }

const COLUMNS = [
  'id',
  'organization_id',
  'space_id',
  'kind',
  'status',
  'created_by_user_id',
  'created_by_service_account_id',
  'reviewed_by_user_id',
  'reviewed_at',
  'rejection_reason',
  'rejection_code',
  'rejection_paths',
  'last_run_at',
  'last_error',
  'created_at',
  'updated_at',
  'owner_user_id',
  'revision',
  'pending_revision',
  'approved_digest',
  'next_run_at',
  'problems',
  'version',
  'hook_id',
  'subdomain',
  'reviewer_is_member',
].map((name) => sql.ref(`automations.${name}`))

/**
 * Automations with what stands of them in tables that are not about them alone, or not about all of them, in columns.
 *
 * @param automations selects rows of the table.
 */
export function related(automations: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select automations.*,
           (select hook_id from webhooks where ${OF_AUTOMATION}) as hook_id,
           (select subdomain from tunnel_names where ${OF_AUTOMATION}) as subdomain,
           ${REVIEWER_IS_MEMBER} as reviewer_is_member
      from (${automations}) automations`
}

const OF_AUTOMATION = sql`organization_id = automations.organization_id and automation_id = automations.id`

// Not with `exists`: Postgres may read all members at once for that.
const REVIEWER_IS_MEMBER = sql`case when automations.reviewed_by_user_id is not null then coalesce((
  select 'true' from members
   where members.organization_id = automations.organization_id and members.user_id = automations.reviewed_by_user_id), 'false') end`

/**
 * SQL for a text that is another one as soon as a row of {@link related}, called `rows`, would be shown otherwise by the same process: which row it is, its
 * version, called `row_version`, and what is in other tables. Contents are only ever added, so the numbers in a row say which they are; sessions
 * at providers come and go without it, and few organizations have any. Whether one has is a step into an index, which an `exists` is not: it looks as if
 * a few of all rows were enough to find one.
 */
export function stampOf(organizationId: RawBuilder<unknown>): RawBuilder<string> {
  return sql<string>`concat(
    rows.id, ' ', rows.row_version, ' ', rows.hook_id, ' ', rows.subdomain, ' ', rows.reviewer_is_member, ' ',
    case when (
      select true from social_sessions where organization_id = ${organizationId} order by organization_id, automation_id, version limit 1
    ) then (
      select string_agg(social_sessions.xmin::text, ' ') from social_sessions
       where organization_id = rows.organization_id and automation_id = rows.id) end)`
}

/**
 * What automations are made of, as it is stored: no JSON is read here. A row of content is looked up for each by its primary key,
 * however many there are: the limit leaves Postgres no other way.
 *
 * @param automations selects rows of {@link related}.
 * @param more columns besides, each with a comma before it.
 */
export function stored(automations: RawBuilder<unknown>, more: RawBuilder<unknown> = sql``): RawBuilder<unknown> {
  return sql`
    select ${sql.join(COLUMNS)}, current.* ${more}
      from (${automations}) automations
     cross join lateral (
       select name, config, description, digest, secret_versions
         from automation_revisions current
        where current.organization_id = automations.organization_id and current.automation_id = automations.id
          and current.revision = automations.revision
        limit 1) current`
}

/** About how large one row of {@link stored} is: its configs, and the rest of it. */
export const BYTES = sql<number>`1024 + ${jsonBytes('current.config')} + case when automations.pending_revision is null then 0 else (
  select ${jsonBytes('pending.config')} ${pendingOf('automations')}) end`

/**
 * The JSON of a row of {@link stored}, called `stored`: the only list of what leaves the database, in the order of the documentation.
 * What few automations have is looked up only for those that may.
 */
export function shownJson(param: (name: keyof TriggerUrls) => RawBuilder<string>): RawBuilder<string> {
  return jsonObject({
    id: quoted(sql`stored.id`),
    organization_id: quoted(sql`stored.organization_id`),
    space_id: quoted(sql`stored.space_id`),
    name: text(sql`stored.name`),
    kind: text(sql`stored.kind`),
    config: given(sql`stored.config`),
    status: quoted(sql`stored.status`),
    created_by_user_id: orNull(quoted(sql`stored.created_by_user_id`)),
    created_by_service_account_id: orNull(quoted(sql`stored.created_by_service_account_id`)),
    reviewed_by_user_id: orNull(quoted(sql`stored.reviewed_by_user_id`)),
    reviewed_at: orNull(quoted(isoTime('stored.reviewed_at'))),
    rejection_reason: orNull(text(sql`stored.rejection_reason`)),
    last_run_at: orNull(quoted(isoTime('stored.last_run_at'))),
    last_error: orNull(text(sql`stored.last_error`)),
    created_at: quoted(isoTime('stored.created_at')),
    updated_at: quoted(isoTime('stored.updated_at')),
    description: orNull(text(sql`stored.description`)),
    has_oauth_token: given(sql`case when stored.secret_versions ? 'oauth' then 'true' else 'false' end`),
    credential_rejected_at: orNull(quoted(isoTime(CREDENTIAL_REJECTED_AT))),
    owner_user_id: orNull(quoted(sql`stored.owner_user_id`)),
    reviewer_is_member: orNull(given(sql`stored.reviewer_is_member`)),
    rejection: orNull(given(REJECTION)),
    revision: given(sql`stored.revision`),
    digest: quoted(sql`stored.digest`),
    approved_digest: orNull(quoted(sql`stored.approved_digest`)),
    pending_revision: orNull(given(PENDING)),
    next_run_at: orNull(quoted(isoTime('stored.next_run_at'))),
    problems: given(sql`coalesce(stored.problems, '[]'::json)`),
    trigger: orNull(given(triggerOf(param))),
  })
}

const CREDENTIAL_REJECTED_AT = sql`case when stored.secret_versions ? 'oauth' then (
  select rejected_at from social_sessions
   where organization_id = stored.organization_id and automation_id = stored.id
     and version = (stored.secret_versions ->> 'oauth')::integer) end`

const REJECTION = sql`case when stored.rejection_code is not null or stored.rejection_paths is not null then json_build_object(
  'code', stored.rejection_code, 'paths', coalesce(to_json(stored.rejection_paths), '[]'::json))::text end`

const PENDING = sql`case when stored.pending_revision is not null then (
  select json_build_object(
    'revision', pending.revision,
    'digest', pending.digest,
    'name', pending.name,
    'config', pending.config,
    'description', pending.description,
    'proposed_by_user_id', pending.authored_by_user_id,
    'proposed_by_service_account_id', pending.authored_by_service_account_id,
    'proposed_at', ${isoTime('pending.created_at')}
  )::text ${pendingOf('stored')}) end`

/** The row of the change that waits, where one does. */
function pendingOf(automation: 'automations' | 'stored'): RawBuilder<unknown> {
  const of = sql.ref(automation)
  return sql`
    from automation_revisions pending
   where pending.organization_id = ${of}.organization_id and pending.automation_id = ${of}.id
     and pending.revision = ${of}.pending_revision`
}

function triggerOf(param: (name: keyof TriggerUrls) => RawBuilder<string>): RawBuilder<unknown> {
  const url = sql`coalesce(
    ${param('hooksUrl')}::text || stored.hook_id,
    replace(${param('tunnelsUrl')}::text, '*', stored.subdomain))`
  return sql`'{"url" : ' || to_json(${url})::text || '}'`
}
