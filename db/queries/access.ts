import { type Kysely, type RawBuilder, sql } from 'kysely'
import { answersTo, askedTogether, type Place } from '../asked-together.ts'
import type { DB } from '../types.ts'
import { isLive } from './console-logins.ts'

/** What a request shows to say who is asking: the session that its access token names, or the token of a service account or of a login of the console. */
export type Credential = { sessionId: string; userId: string } | { tokenHash: Buffer }

/** One row that answers every question of access about one caller, one organization and one space. */
export type AccessRow = {
  user_id: string
  service_account_id: string | null
  service_account_organization_id: string | null
  /** When its token was last seen, to the minute; null for the sessions of access tokens, and before the first time. */
  last_used_at: Date | null
  is_member: boolean
  /** The permissions of all the caller's roles in the organization, some perhaps twice, with spaces between. */
  permissions: string
  space_exists: boolean
  /** Whether the space's own rules let the caller in; whoever may see every space does not need them. */
  listed: boolean
}

type Values = {
  sessionId: string | null
  userId: string | null
  /** As Postgres writes bytes. */
  tokenHash: string | null
  organizationId: string | null
  spaceId: string | null
}

const TYPES = { sessionId: 'uuid', userId: 'uuid', tokenHash: 'bytea', organizationId: 'uuid', spaceId: 'uuid' }

/**
 * The rule of who enters a space, for whoever does not see every space anyway: its creator; without an access list,
 * every holder of a role; with one, the holders of its roles. Stands in statements that call the space `s`, the caller
 * `c (user_id)` and the caller's roles in the organization `held (role_ids)`, null for none.
 */
export const LISTED = sql<boolean>`(
  s.created_by = c.user_id
  or case
       when exists (select from space_roles sr
                     where sr.organization_id = s.organization_id and sr.space_id = s.id)
       then exists (select from space_roles sr
                     where sr.organization_id = s.organization_id and sr.space_id = s.id
                       and sr.role_id = any(held.role_ids))
       else held.role_ids is not null
     end
)`

const bySession = (value: Place<Values>) => sql`
      select s.user_id, null::uuid as service_account_id, null::uuid as home_id, null::timestamptz as last_used_at
        from sessions s
       where s.id = ${value('sessionId')}::uuid and s.user_id = ${value('userId')}::uuid and s.revoked_at is null`

const byToken = (value: Place<Values>) => sql`
      select sa.user_id, sa.id as service_account_id, sa.organization_id as home_id, sa.last_used_at
        from service_accounts sa
       where sa.token_hash = ${value('tokenHash')}::bytea
         and (sa.token_expires_at is null or sa.token_expires_at > now())
      union all
      select s.user_id, null, null, l.last_used_at
        from console_logins l
        join sessions s on s.id = l.session_id
       where l.token_hash = ${value('tokenHash')}::bytea and s.revoked_at is null and ${isLive}`

/** Selects whose a credential is, as long as it holds. */
type Callers = (value: Place<Values>) => RawBuilder<unknown>

const byEither: Callers = (value) => sql`${bySession(value)} union all ${byToken(value)}`

// Takes no lock. Relies on the primary keys of sessions, members, member_roles, roles, spaces and space_roles, and on
// service_accounts_token_hash_key and console_logins.
const rowOf = (value: Place<Values>, callers: Callers) => sql<AccessRow>`
    select c.user_id, c.service_account_id, c.home_id as service_account_organization_id, c.last_used_at,
           m.user_id is not null as is_member,
           coalesce(held.permissions, '') as permissions,
           s.id is not null as space_exists,
           s.id is not null and ${LISTED} as listed
      from (${callers(value)}) c
      cross join lateral (
        select array_agg(r.id) as role_ids, string_agg(array_to_string(r.permissions, ' '), ' ') as permissions
          from member_roles mr
          join roles r on r.id = mr.role_id
         where mr.organization_id = ${value('organizationId')}::uuid and mr.user_id = c.user_id
      ) held
      left join members m on m.organization_id = ${value('organizationId')}::uuid and m.user_id = c.user_id
      left join spaces s on s.organization_id = ${value('organizationId')}::uuid and s.id = ${value('spaceId')}::uuid`

const rowOfNowhere = (value: Place<Values>, callers: Callers) => sql<AccessRow>`
    select c.user_id, c.service_account_id, c.home_id as service_account_organization_id, c.last_used_at,
           false as is_member, '' as permissions, false as space_exists, false as listed
      from (${callers(value)}) c`

// The one statement on every authenticated request's way, and one for each kind of credential: what a statement could look at costs
// Postgres something to start each time, whether it comes to that or not, and this one more than what it finds (bench/README.md).
const findOne = {
  session: askedTogether<Values, AccessRow>(TYPES, (value) => rowOf(value, bySession)),
  token: askedTogether<Values, AccessRow>(TYPES, (value) => rowOf(value, byToken)),
}

// Where there is no organization to ask about, most of that falls away.
const findCaller = {
  session: askedTogether<Values, AccessRow>(TYPES, (value) => rowOfNowhere(value, bySession)),
  token: askedTogether<Values, AccessRow>(TYPES, (value) => rowOfNowhere(value, byToken)),
}

/**
 * @param organizationId null where the route has none (or a malformed one).
 * @param spaceId null likewise.
 * @returns undefined when the credential is nobody's: revoked, expired, deleted or never given.
 */
export async function find(
  db: Kysely<DB>,
  credential: Credential,
  organizationId: string | null,
  spaceId: string | null,
): Promise<AccessRow | undefined> {
  const values = valuesOf({ credential, organizationId, spaceId })
  const statements = organizationId === null ? findCaller : findOne
  return statements['tokenHash' in credential ? 'token' : 'session'](db, values)
}

/** Who asks for what, as {@link find} takes it. */
export type Question = { credential: Credential; organizationId: string | null; spaceId: string | null }

/** What lets somebody read in a space: a permission, and the space's own rules or one of those that enter every space. */
export type Door = { permission: string; enterEverySpace: readonly string[] }

/** An answer about access, and a row that was read with it: of nulls where nothing was read, or found. */
export type Found<R> = AccessRow & { [K in keyof R]: R[K] | null }

/** Finds both. */
export type FindWith<V, R> = (
  db: Kysely<DB>,
  question: Question,
  door: Door,
  values: Omit<V, keyof Values>,
) => Promise<Found<R> | undefined>

/**
 * {@link find} together with what is asked for in the space: one statement in place of two, of which the second would wait for the answer
 * to the first, and each costs writes to sockets on both sides (bench/README.md).
 *
 * Nothing is read for whoever does not come through the door. That only saves the work: whether somebody is let in is said by the same
 * columns as in {@link find}, and decided by whoever asks.
 *
 * @param types what Postgres reads the values besides those of the question as.
 * @param read selects one row at the most.
 */
export function findWith<V extends object, R extends object>(
  types: { [K in keyof Omit<V, keyof Values>]: string },
  read: (value: Place<V>) => RawBuilder<R>,
): FindWith<V, R> {
  type All = Values & Door & V
  // The offsets keep the three apart: Postgres would write out again what is asked of the caller's row in each place where it stands, and
  // look at the door once it has read.
  const both = (value: Place<All>, callers: Callers) => sql<Found<R>>`
    select found.*, answer.*
      from (${rowOf(value as unknown as Place<Values>, callers)} offset 0) found
      left join lateral (
        select wanted.* from (${read(value as unknown as Place<V>)}) wanted where ${isThrough(value as unknown as Place<Door>)} offset 0) answer on true`
  const all = { ...TYPES, permission: 'text', enterEverySpace: 'text[]', ...types } as { [K in keyof All]: string }
  const statements = {
    session: askedTogether<All, Found<R>>(all, (value) => both(value, bySession)),
    token: askedTogether<All, Found<R>>(all, (value) => both(value, byToken)),
  }
  return (db, question, door, values) => {
    const { permission, enterEverySpace } = door
    const asked = { ...values, permission, enterEverySpace, ...valuesOf(question) } as unknown as All
    return statements['tokenHash' in question.credential ? 'token' : 'session'](db, asked)
  }
}

/** Whether whoever `found` is about comes through a door. To look for one word in a text is cheaper than to take it apart. */
function isThrough(value: Place<Door>): RawBuilder<boolean> {
  return sql<boolean>`
    found.is_member and found.space_exists
    and strpos(' ' || found.permissions || ' ', ' ' || ${value('permission')}::text || ' ') > 0
    and (found.listed or string_to_array(found.permissions, ' ') && ${value('enterEverySpace')}::text[])`
}

const findAll = answersTo<Values, AccessRow>(TYPES, (value) => rowOf(value, byEither))

/** {@link find} for many at once, in their order; those who ask the same are looked up once. */
export async function findMany(db: Kysely<DB>, questions: readonly Question[]): Promise<(AccessRow | undefined)[]> {
  const values = questions.map(valuesOf)
  const texts = values.map((each) => JSON.stringify(each))
  const distinct = new Map(texts.map((text, i) => [text, values[i] as Values]))
  const rows = await findAll(db, [...distinct.values()])
  const found = new Map([...distinct.keys()].map((text, i) => [text, rows[i]]))
  return texts.map((text) => found.get(text))
}

function valuesOf({ credential, organizationId, spaceId }: Question): Values {
  return {
    sessionId: 'sessionId' in credential ? credential.sessionId : null,
    userId: 'userId' in credential ? credential.userId : null,
    tokenHash: 'tokenHash' in credential ? `\\x${credential.tokenHash.toString('hex')}` : null,
    organizationId,
    spaceId,
  }
}

/** Notes that a service account's token was used now. */
export async function touchServiceAccount(db: Kysely<DB>, serviceAccountId: string): Promise<void> {
  await db
    .updateTable('service_accounts')
    .set({ last_used_at: sql<Date>`now()` })
    .where('id', '=', serviceAccountId)
    .execute()
}
