import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { type Cluster, describe, describeElsewhere, live, remove, start, stop, USER } from './cluster.ts'
import { EmbeddedPostgresError } from './embedded-error.ts'

export { EmbeddedPostgresError, remove as removeEmbedded }

const DATABASE = 'hyperspeed'
/** Held on a connection of its own by the one server process that owns a data folder; ends with the process. */
const OWNER_LOCK = 4_711_001
/** After an attempt to bring Postgres back that failed. */
const AGAIN_MS = 1000

export type Embedded = {
  /** Where to connect, with the password. */
  url: string
  /** Lets the folder go and, unless it was adopted without a lock, stops Postgres. */
  stop(): Promise<void>
}

export type EmbeddedOptions = {
  /** Settings of postgresql.conf, as `name: value`. */
  settings?: Record<string, string>
  /** Told of what keeps a Postgres that went away from coming back; it is tried again. */
  onError?: (error: unknown) => void
  /** Told, in a line, where Postgres and its data lie when they can't lie in their own places. */
  onNotice?: (line: string) => void
  /** Take no ownership: fails unless a server of ours already runs there, and `stop` leaves it running. */
  attach?: boolean
}

/**
 * A real Postgres 18 from npm in `dataDir/postgres`: made there the first time, started, or adopted where one of ours
 * still runs there (its program was killed). It listens on a free port of 127.0.0.1 and wants the random password that
 * is kept in `dataDir`. It runs in a session of its own, so that Ctrl-C reaches this program alone, which then stops
 * it in its turn; where this program ends in another way than by `stop`, it takes Postgres along. Where Postgres ends by
 * itself it is started again on the same port, and its own recovery does the rest.
 *
 * @throws EmbeddedPostgresError where another process of this program has the folder, and where Postgres won't start.
 */
export async function startEmbedded(dataDir: string, options: EmbeddedOptions = {}): Promise<Embedded> {
  forgetOtherServers()
  const cluster = await describe(dataDir)
  const found = await live(cluster)
  if (found === undefined && options.attach) throw new EmbeddedPostgresError(`no server is running on ${cluster.root}`)
  const server = found ?? (await start(cluster, options.settings ?? {}))
  const notice = describeElsewhere(cluster)
  if (notice !== undefined) options.onNotice?.(notice)
  const password = (await readFile(cluster.passwordFile, 'utf8')).trim()
  const url = `postgres://${USER}:${password}@127.0.0.1:${server.port}/${DATABASE}?sslmode=disable`
  if (options.attach) return { url, stop: async () => {} }
  let { pid } = server
  const takeAlong = () => signal(pid, 'SIGINT')
  const restart = async () => {
    const restarted = (await live(cluster)) ?? (await start(cluster, options.settings ?? {}, server.port))
    pid = restarted.pid
  }
  const letGo = await keep(url, cluster, restart, options.onError)
  process.once('exit', takeAlong)
  return {
    url,
    async stop() {
      await letGo()
      await stop(cluster)
      process.off('exit', takeAlong)
    },
  }
}

/** The variables of libpq (PGHOST, PGSSLMODE, PGOPTIONS, …) speak of another Postgres, and pg would heed them here too. */
function forgetOtherServers(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('PG')) delete process.env[name]
}

/** SIGINT is to Postgres what a fast stop is. It may be gone already. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended by itself
  }
}

/** Holds the folder for this process, and brings Postgres back where it ends by itself. @returns lets the folder go. */
async function keep(
  url: string,
  cluster: Cluster,
  restart: () => Promise<unknown>,
  onError: (error: unknown) => void = () => {},
): Promise<() => Promise<void>> {
  let isLeaving = false
  let recovery = Promise.resolve()
  const hold = async (): Promise<pg.Client> => {
    const client = await own(url, cluster)
    client.once('end', () => {
      if (!isLeaving) recovery = recover()
    })
    return client
  }
  let owner = await hold()

  async function recover(): Promise<void> {
    while (!isLeaving) {
      try {
        await restart()
        owner = await hold()
        return
      } catch (error) {
        onError(error)
        await wait(AGAIN_MS)
      }
    }
  }

  return async () => {
    isLeaving = true
    await recovery
    await owner.end()
  }
}

/** Takes the folder for this process, and makes the database where it is not there yet. */
async function own(url: string, cluster: Cluster): Promise<pg.Client> {
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({
    connectionString: maintenance.href,
    application_name: 'hyperspeed owner',
    keepAlive: true,
  })
  client.on('error', () => {}) // the program's own connections tell of a database that went away
  try {
    await client.connect()
    const { rows } = await client.query('select pg_try_advisory_lock($1) as owned', [OWNER_LOCK])
    if (!rows[0].owned)
      throw new EmbeddedPostgresError(`${cluster.root} is in use by another running server: stop it, or set DATA_DIR`)
    const found = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`)
    return client
  } catch (error) {
    await client.end().catch(() => {}) // where it never connected there is nothing to end
    throw error
  }
}
