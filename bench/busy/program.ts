import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../db/client.ts'
import { ENCRYPTION_KEY } from '../support/app.ts'
import { type BenchDatabase, withDatabase } from '../support/database.ts'
import { clockOf, type LoadFigure, type Loading } from '../support/load.ts'
import { MIB, residentBytes } from '../support/memory.ts'
import { type Server, startServer } from '../support/programs.ts'
import type { Effort } from '../support/suite.ts'
import { makeSpaces, type Workspace } from '../support/workspace.ts'

const SETTINGS = { RATE_LIMIT: 'off', LOG_LEVEL: 'warn', HS_ENCRYPTION_KEY: ENCRYPTION_KEY }
const ACCOUNT = {
  email: 'owner@bench.example',
  password: 'long enough for anybody',
  name: 'Owner',
  organization_name: 'Bench',
}
/** Access tokens hold for a quarter of an hour, which a long run outlasts. */
const REFRESH_MS = 5 * 60_000
/** Until what load has left behind is collected, or would have been. */
const SETTLE_MS = 3000

/** One process that is API and worker, its database, and the owner of its one organization, who made no space yet. */
export type Busy = {
  database: BenchDatabase
  server: Server
  workspace: Workspace
  /** With the token of the owner, which holds for some minutes. */
  headers(): Promise<Record<string, string>>
  /** MiB of the server, when it has come to rest. */
  memory(): Promise<number>
}

/** Gives `work` the program as people run it, on a Postgres of its own. */
export async function withProgram<T>(work: (busy: Busy) => Promise<T>): Promise<T> {
  return withDatabase(async (database) => {
    const server = await startServer('all', database.url, SETTINGS)
    try {
      const headers = await register(server.base)
      const workspace = await workspaceOf(database.db)
      const memory = async () => {
        await wait(SETTLE_MS)
        return ((await residentBytes(server.pid)) ?? Number.NaN) / MIB
      }
      return await work({ database, server, workspace, headers, memory })
    } finally {
      await server.stop()
    }
  })
}

/** Spaces of the organization, as a workspace of their own. */
export async function withSpaces({ database, workspace }: Busy, count: number): Promise<Workspace> {
  return { ...workspace, spaceIds: await makeSpaces(database.db, workspace, count) }
}

async function register(base: string): Promise<Busy['headers']> {
  let tokens = await post(`${base}/api/v1/auth/register`, {}, ACCOUNT)
  let since = Date.now()
  return async () => {
    if (Date.now() - since > REFRESH_MS) {
      tokens = await post(`${base}/api/v1/auth/refresh`, {}, { refresh_token: tokens.refresh_token })
      since = Date.now()
    }
    return { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/json' }
  }
}

/** Asks once. @throws Error where the answer is a refusal. */
export async function post(url: string, headers: Record<string, string>, body: object) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}

async function workspaceOf(db: Database): Promise<Workspace> {
  const { id: organizationId } = await db.selectFrom('organizations').select('id').executeTakeFirstOrThrow()
  const session = await db.selectFrom('sessions').select(['id', 'user_id']).executeTakeFirstOrThrow()
  return { organizationId, userId: session.user_id, sessionId: session.id, spaceIds: [] }
}

/**
 * What autovacuum does by itself within a minute or two. Done before and between what is measured, figures do not depend on when it comes:
 * a database that nobody has looked through makes each create a tenth dearer (bench/README.md).
 */
export async function vacuum({ database: { db } }: Pick<Busy, 'database'>): Promise<void> {
  await sql`vacuum analyze`.execute(db)
}

/** Load on the program, whose processor time is counted apart from that of Postgres. */
export function loadingOf({ server, database }: Busy, { seconds }: Effort, connections: number): Loading {
  return { clock: clockOf([server.pid]), postgres: clockOf([database.pid]), seconds, connections }
}

/**
 * @param counted what was found in the database.
 * @throws Error where that is not what was answered, give or take the requests that were under way when load ended.
 */
export function compare(what: string, { answered = 0 }: LoadFigure, counted: number, connections: number): void {
  if (Math.abs(counted - answered) > 2 * connections)
    throw new Error(`${what}: ${answered} were answered, but the database has ${counted}`)
}
