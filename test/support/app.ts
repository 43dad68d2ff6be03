import { randomUUID } from 'node:crypto'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { v7 as newId } from 'uuid'
import { wireActions } from '../../bin/actions.ts'
import type { Database } from '../../db/client.ts'
import type { QueueStatement } from '../../db/queries/run-jobs.ts'
import { type AppDependencies, buildApp } from '../../plugins/app.ts'
import { createPasswords } from '../../src/access/passwords.ts'
import { PERMISSIONS, type Permission } from '../../src/access/permissions.ts'
import { hashToken, newToken } from '../../src/access/tokens.ts'
import type { Actions } from '../../src/actions/index.ts'
import { KINDS } from '../../src/kinds/index.ts'
import type { Kinds } from '../../src/kinds/registry.ts'
import { createPace } from '../../src/runs/pace.ts'
import type { RunJob } from '../../src/runs/queue.ts'
import { type Cipher, createCipher } from '../../src/secrets/cipher.ts'
import { SOCIAL_NETWORKS, type SocialSettings } from '../../src/social/index.ts'
import { contractOf } from './contract.ts'
import { testDatabase } from './database.ts'

export const JWT_SECRET = 'a secret for tests that is long enough'

/** Names what configs are held to here. */
const RULES = 'those of tests'

/** Somebody who can ask: a token, and who they are. */
export type Caller = { token: string; userId: string; id: string }

/** An answer with its body read. `body` is `any` on purpose: a test looks at whatever came. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Answer = { status: number; headers: LightMyRequestResponse['headers']; body: any; text: string }

export type Send = (
  caller: Caller | null,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>

export type EmptyApp = {
  app: FastifyInstance
  db: Database
  databaseUrl: string
  actions: Actions
  kinds: Kinds
  cipher: Cipher
  rules: string
  /** What was queued: no worker runs beside this app. */
  jobsSent: RunJob[]
  /** Every line that the app has logged. */
  log: string[]
  /** Sends a request and holds the answer against the document; an answer of 5xx fails the test. */
  send: Send
}

export type TestApp = EmptyApp &
  Seed & {
    /** Makes a person of the organization with a role that holds these permissions (none: no role at all). */
    person(permissions: readonly Permission[], organizationId?: string): Promise<Caller>
    /** Makes a service account likewise. */
    serviceAccount(permissions: readonly Permission[], organizationId?: string): Promise<Caller>
    /** Makes another organization with an owner and a space. */
    otherOrganization(): Promise<Seed>
  }

type Seed = {
  organizationId: string
  /** Holds the system role Owner. */
  owner: Caller
  /** A space that the owner made, without an access list. */
  spaceId: string
}

type AppOptions = {
  logLevel?: string
  kinds?: Kinds
  /** `host:port` of what actions may reach although it is here. */
  egressAllow?: string[]
  /** Where social networks are. */
  social?: Partial<SocialSettings>
  /** Instead of an empty one. */
  database?: { db: Database; url: string }
  /** Instead of the tools of AI staff. */
  mcp?: AppDependencies['mcp']
}

/** The whole app on a database of its own, with one organization, its Owner and one space. */
export async function testApp(
  t: Test,
  overrides: Partial<AppDependencies['config']> = {},
  options: AppOptions = {},
): Promise<TestApp> {
  const empty = await emptyApp(t, overrides, options)
  const { app, db } = empty
  const seed = await seedOrganization(app, db)
  return {
    ...seed,
    ...empty,
    person: (permissions, organizationId = seed.organizationId) => addPerson(app, db, organizationId, permissions),
    serviceAccount: (permissions, organizationId = seed.organizationId) =>
      addServiceAccount(db, organizationId, seed.owner.userId, permissions),
    otherOrganization: () => seedOrganization(app, db),
  }
}

/** Queues nothing, in place of pg-boss's statement. */
export const NO_QUEUE: QueueStatement = {
  head: 'select ',
  tail: '::text',
  job: '',
  places: { run: '', organization: '', priority: '', tier: '' },
}

/** The whole app on a database of its own in which nobody is. */
export async function emptyApp(
  t: Test,
  overrides: Partial<AppDependencies['config']> = {},
  { logLevel = 'error', kinds = KINDS, egressAllow = [], social = {}, database, mcp }: AppOptions = {},
): Promise<EmptyApp> {
  const { db, url } = database ?? (await testDatabase(t))
  // An answer of 5xx says nothing of its cause; the log does.
  const log: string[] = []
  const jobsSent: RunJob[] = []
  const cipher = createCipher(new Map([['k1', Buffer.alloc(32, 7)]]))
  const { actions, close } = wireActions(db, cipher, { egressAllow, social: { ...SOCIAL_NETWORKS, ...social } })
  const app = await buildApp({
    config: {
      publicUrl: 'http://127.0.0.1:8080',
      tunnelUrl: 'http://localhost:8081',
      corsOrigin: [],
      rateLimit: undefined,
      trustProxy: false,
      multiTenant: false,
      ...overrides,
    },
    db,
    cipher,
    kinds,
    rules: RULES,
    passwords: createPasswords(),
    queue: {
      send: async (_trx, jobs) => void jobsSent.push(...jobs),
      sendWithin: async (write) => void jobsSent.push(...(await write(NO_QUEUE, createPace()))),
    },
    actions,
    jwtSecret: JWT_SECRET,
    version: '0.0.0-test',
    ...(mcp && { mcp }),
    logger: { level: logLevel, stream: { write: (line: string) => log.push(line) } },
  })
  t.teardown(() => app.close())
  t.teardown(close)
  return { app, db, databaseUrl: url, actions, kinds, cipher, rules: RULES, jobsSent, log, send: sender(t, app, log) }
}

function sender(t: Test, app: FastifyInstance, log: string[]): Send {
  const check = contractOf(app)
  return async (caller, method, path, body, headers = {}) => {
    const options: InjectOptions = { method, url: path, headers: { ...headers } }
    if (caller !== null) options.headers = { authorization: `Bearer ${caller.token}`, ...options.headers }
    if (body !== undefined) {
      options.payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
      options.headers = { 'content-type': 'application/json', ...options.headers }
    }
    const answer = await app.inject(options)
    const wrong = check(method, path, answer)
    if (wrong !== undefined) t.fail(wrong)
    if (answer.statusCode >= 500) t.fail(`${method} ${path} answered ${answer.statusCode}: ${log.at(-1)}`)
    const isJson = String(answer.headers['content-type']).startsWith('application/json') && answer.body !== ''
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: isJson ? JSON.parse(answer.body) : undefined,
    }
  }
}

async function seedOrganization(app: FastifyInstance, db: Database): Promise<Seed> {
  const organizationId = newId()
  const spaceId = newId()
  await db
    .insertInto('organizations')
    .values({ id: organizationId, name: 'Analytical Engines', slug: organizationId })
    .execute()
  const owner = await addPerson(app, db, organizationId, [])
  const ownerRole = { id: newId(), organization_id: organizationId, name: 'Owner', is_system: true }
  await db
    .insertInto('roles')
    .values({ ...ownerRole, permissions: [...PERMISSIONS] })
    .execute()
  await db
    .insertInto('member_roles')
    .values({ organization_id: organizationId, user_id: owner.userId, role_id: ownerRole.id })
    .execute()
  await db
    .insertInto('spaces')
    .values({ id: spaceId, organization_id: organizationId, name: 'Engine room', created_by: owner.userId })
    .execute()
  return { organizationId, owner, spaceId }
}

/** The token of a person who is there already. */
export async function signIn({ app, db }: Pick<EmptyApp, 'app' | 'db'>, userId: string): Promise<Caller> {
  const sessionId = newId()
  await db.insertInto('sessions').values({ id: sessionId, user_id: userId }).execute()
  return { token: app.signAccessToken(userId, sessionId), userId, id: userId }
}

async function addPerson(
  app: FastifyInstance,
  db: Database,
  organizationId: string,
  permissions: readonly Permission[],
): Promise<Caller> {
  const userId = newId()
  const email = `${userId}@example.com`
  await db.insertInto('users').values({ id: userId, email, password_hash: 'none', display_name: 'Person' }).execute()
  await addMember(db, organizationId, userId, permissions)
  return signIn({ app, db }, userId)
}

async function addServiceAccount(
  db: Database,
  organizationId: string,
  createdBy: string,
  permissions: readonly Permission[],
): Promise<Caller> {
  const userId = newId()
  const id = newId()
  const token = newToken('sa_')
  await db.insertInto('users').values({ id: userId, display_name: 'AI staff' }).execute()
  await db
    .insertInto('service_accounts')
    .values({
      id,
      organization_id: organizationId,
      user_id: userId,
      name: 'AI staff',
      created_by: createdBy,
      token_hash: hashToken(token),
    })
    .execute()
  await addMember(db, organizationId, userId, permissions)
  return { token, userId, id }
}

async function addMember(
  db: Database,
  organizationId: string,
  userId: string,
  permissions: readonly Permission[],
): Promise<void> {
  await db.insertInto('members').values({ organization_id: organizationId, user_id: userId }).execute()
  if (permissions.length === 0) return
  const roleId = newId()
  await db
    .insertInto('roles')
    .values({
      id: roleId,
      organization_id: organizationId,
      name: `role ${randomUUID()}`,
      permissions: [...permissions],
    })
    .execute()
  await db
    .insertInto('member_roles')
    .values({ organization_id: organizationId, user_id: userId, role_id: roleId })
    .execute()
}
