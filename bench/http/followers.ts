import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../db/client.ts'
import { MIB, residentBytes } from '../support/memory.ts'
import { figure, NONE, progress, table } from '../support/report.ts'
import type { Effort } from '../support/suite.ts'
import type { Workspace } from '../support/workspace.ts'

const FOLLOWERS = 2000
const CONNECT_TOGETHER = 100
const SETTLE_MS = 3000
/** Postgres counts what an idle connection did up to ten seconds later. */
const COUNTED_AFTER_MS = 12_000
/** As long as it takes until each follower hears that nothing happened. */
const COUNT_SECONDS = 15

type Server = { pid: number; ready: { base: string; token: string } }

/** What those cost who follow the events of a space while nothing happens, and what is left when they are gone. */
export async function measureFollowers(
  db: Database,
  { pid, ready: { base, token } }: Server,
  { organizationId, spaceIds }: Workspace,
  { quick }: Effort,
): Promise<string> {
  const count = quick ? 100 : FOLLOWERS
  const [space] = spaceIds
  const url = `${base}/api/v1/organizations/${organizationId}/spaces/${space}/events?timeout_seconds=300`
  const agent = new Agent({ maxSockets: count })
  const follow = async (): Promise<ClientRequest> => {
    const asked = request(url, { agent, headers: { authorization: `Bearer ${token}` } }).end()
    asked.on('error', () => {}) // it is hung up below
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    if (answer.statusCode !== 200) throw new Error(`a follower was answered ${answer.statusCode}`)
    answer.on('error', () => {}).resume()
    return asked
  }
  // The first ones have the code compiled that all of them run.
  for (let i = 0; i < 10; i++) (await follow()).destroy()
  await wait(SETTLE_MS)
  const before = await residentBytes(pid)
  const followers: ClientRequest[] = []
  while (followers.length < count)
    followers.push(...(await Promise.all(Array.from({ length: Math.min(CONNECT_TOGETHER, count) }, follow))))
  await wait(SETTLE_MS)
  const during = await residentBytes(pid)
  await wait(quick ? 0 : COUNTED_AFTER_MS)
  const first = await commits(db)
  await wait(COUNT_SECONDS * 1000)
  const statements = ((await commits(db)) - first) / COUNT_SECONDS
  for (const each of followers) each.destroy()
  await wait(SETTLE_MS)
  const after = await residentBytes(pid)
  const grown = (bytes: number | undefined) =>
    before === undefined || bytes === undefined ? NONE : figure((bytes - before) / MIB)
  progress(
    `http: ${count} followers: ${grown(during)} MiB, then ${grown(after)} MiB; ${figure(statements)} transactions/s`,
  )
  return `Those who follow the events of a space in which nothing happens.

${table(
  ['followers', 'MiB of the server for them', 'MiB of that when they are gone', 'transactions a second for all'],
  [[count, grown(during), grown(after), figure(statements)]],
)}`
}

async function commits(db: Database): Promise<number> {
  const { rows } = await sql<{ n: string }>`
    select xact_commit as n from pg_stat_database where datname = current_database()`.execute(db)
  return Number(rows[0]?.n)
}
