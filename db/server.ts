import pg from 'pg'
import { BoundedClient, connectionConfig } from './connection.ts'

/** The server of a database URL can't be used; the message is one line for a person, without the password. */
export class UnusableServerError extends Error {
  override readonly name = 'UnusableServerError'
}

const LEAST_VERSION = 15
const PROBE = { answerWithin: 10_000 }
/** How often two connections are compared, because those of other clients may come between. */
const POOLING_TRIES = 3

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']

/**
 * Connects once, and finds out what would fail later in a way that nobody understands: TLS that can't be agreed on, a
 * Postgres that is too old, and a pooler that gives each transaction another session.
 *
 * @returns the URL that everything connects by: `sslmode` means there what it means to libpq.
 * @throws UnusableServerError
 */
export async function checkServer(url: string): Promise<string> {
  try {
    const candidates = withTls(url)
    const last = candidates.at(-1) ?? url
    for (const candidate of candidates) {
      if (candidate === last || (await isTlsAgreedOn(candidate))) {
        await checkSessions(candidate)
        return candidate
      }
    }
    return last
  } catch (error) {
    if (error instanceof UnusableServerError) throw error
    throw new UnusableServerError(`DATABASE_URL: ${reasonOf(error)}`)
  }
}

/**
 * The URLs to try in turn, because libpq goes back to plain text under `prefer`, and from it under `allow`. pg takes
 * `require` for `verify-full` unless it is told to read the words as libpq does.
 */
function withTls(given: string): string[] {
  const url = URL.parse(given) // pg also takes some that are none, such as those of sockets
  const mode = url?.searchParams.get('sslmode') ?? null
  if (url === null || mode === null) return [given]
  const { searchParams } = url
  if (!SSL_MODES.includes(mode))
    throw new UnusableServerError(`DATABASE_URL: sslmode takes one of ${SSL_MODES.join(', ')}`)
  searchParams.set('uselibpqcompat', 'true')
  // The certificates of the system are those that are trusted where none is named, and libpq asks for the name with them.
  if (searchParams.get('sslrootcert') === 'system') {
    searchParams.delete('sslrootcert')
    searchParams.set('sslmode', 'verify-full')
  }
  if (searchParams.get('sslmode') === 'verify-ca' && !searchParams.has('sslrootcert'))
    throw new UnusableServerError(
      'DATABASE_URL: sslmode=verify-ca needs sslrootcert, the file of the authority to trust',
    )
  const as = (sslmode: string) => {
    const each = new URL(url)
    each.searchParams.set('sslmode', sslmode)
    return each.href
  }
  if (mode === 'prefer') return [as('require'), as('disable')]
  return mode === 'allow' ? [as('disable'), as('require')] : [url.href]
}

/** Whether the server goes along with this URL's answer to the question of TLS. What else is wrong is told later. */
async function isTlsAgreedOn(url: string): Promise<boolean> {
  try {
    await withClient(url, async () => {})
    return true
  } catch (error) {
    return !/does not support SSL|no encryption|SSL off/.test(reasonOf(error))
  }
}

async function checkSessions(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query("select current_setting('server_version_num')::int as version")
    const version = Math.floor(rows[0].version / 10_000)
    if (version < LEAST_VERSION)
      throw new UnusableServerError(
        `DATABASE_URL: the server is Postgres ${version}, and this program needs ${LEAST_VERSION} or newer`,
      )
    for (let i = 0; i < POOLING_TRIES; i++) {
      if (await sharesItsSession(client, url))
        throw new UnusableServerError(
          'DATABASE_URL: a pooler answers there that gives each transaction another session (PgBouncer with pool_mode = transaction), and LISTEN and prepared statements need one that stays: give the address of Postgres itself, or a pool with pool_mode = session',
        )
    }
  })
}

/**
 * Whether another connection is given the session that this one has. Asked only where the server's own number of this
 * connection is not what it was told at the beginning, which is where something stands between.
 */
async function sharesItsSession(client: pg.Client, url: string): Promise<boolean> {
  const mine = await backendPid(client)
  if ('processID' in client && client.processID === mine) return false
  return withClient(url, async (other) => {
    try {
      await other.query('begin')
    } catch (error) {
      if (error instanceof pg.DatabaseError) return true // pool_mode = statement refuses transactions
      throw error
    }
    const theirs = await backendPid(other)
    await other.query('rollback')
    return theirs === mine
  })
}

async function backendPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query('select pg_backend_pid() as pid')
  return rows[0].pid
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new BoundedClient(connectionConfig(url, PROBE))
  client.on('error', () => {}) // whoever waits for a statement hears of it
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {}) // where it never connected there is nothing to end
  }
}

/** What went wrong, in a line. A name with several addresses has an error for each, and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return [...new Set(error.errors.map(reasonOf))].join(', ')
  const message = error instanceof Error ? error.message : String(error)
  const code =
    error instanceof pg.DatabaseError || !(error instanceof Error && 'code' in error) ? undefined : error.code
  const line = message.replace(/\s+/g, ' ').trim()
  return code === undefined || line.includes(String(code)) ? line : `${line} (${code})`
}
