import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, open, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { EmbeddedPostgresError } from './embedded-error.ts'
import { freePort } from './free-port.ts'
import { findPostmaster, type Postmaster, removeStalePidFile, untilReady } from './postmaster.ts'
import { canReach, ELSEWHERE, exists, findPrograms, makeElsewhere, type Owner, type Programs } from './programs.ts'

const run = promisify(execFile)

/** The superuser of the cluster, as whom this program works. */
export const USER = 'hyperspeed'
const LOG_LINES_IN_ERROR = 5
const START_WITHIN_MS = 60_000
/** A stop that writes everything out may take so long; after it Postgres is told to leave the rest to its next start. */
const STOP_WITHIN_S = 3

/** A database cluster of Postgres in a data folder, and the programs that it is run by. */
export type Cluster = {
  /** The data folder of this program. */
  root: string
  /** Where the data of Postgres lies: in `root`, or in ELSEWHERE with a link in `root`. */
  folder: string
  passwordFile: string
  logFile: string
  programs: Programs
  /** Postgres refuses to run as root: there it runs as the user `postgres`. */
  owner: Owner | undefined
}

/** What there is or will be in a data folder. */
export async function describe(dataDir: string): Promise<Cluster> {
  const root = resolve(dataDir)
  const owner = process.getuid?.() === 0 ? await postgresUser() : undefined
  return { root, ...placesIn(await linked(join(root, 'postgres'))), programs: await findPrograms(owner), owner }
}

/** The password and the log lie beside the data. */
function placesIn(folder: string): Pick<Cluster, 'folder' | 'passwordFile' | 'logFile'> {
  const home = dirname(folder)
  return { folder, passwordFile: join(home, 'postgres-password'), logFile: join(home, 'postgres.log') }
}

/** Where a link leads, or the path itself where there is nothing yet. */
async function linked(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

/** What of a cluster lies in another place than the data folder and the installed packages, in a line; undefined where nothing does. */
export function describeElsewhere({ root, folder, programs, owner }: Cluster): string | undefined {
  const places = [
    ...(programs.postgres.startsWith(ELSEWHERE) ? [`its programs are in ${dirname(dirname(programs.postgres))}`] : []),
    ...(folder.startsWith(ELSEWHERE) ? [`its data is in ${folder}`] : []),
  ]
  if (owner === undefined || places.length === 0) return undefined
  return `Postgres runs as the user "postgres", who can't reach everything in ${dirname(root)}: ${places.join(', and ')}`
}

async function postgresUser(): Promise<Owner> {
  const ids = async () => {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
    )
    return { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN }
  }
  try {
    return await ids()
  } catch {
    // No such user yet: running as root, this program may make it.
    try {
      await run('groupadd', ['--force', '--system', 'postgres'])
      await run('useradd', ['--system', '--no-create-home', '--gid', 'postgres', 'postgres'])
      return await ids()
    } catch (error) {
      throw new EmbeddedPostgresError(
        `Postgres refuses to run as root, and its user "postgres" can't be made (${lastLine(error)}): run as another user, or set DATABASE_URL`,
      )
    }
  }
}

/** The server that lives on the cluster, ours or adopted, once it takes connections; undefined where none does. */
export async function live(cluster: Cluster): Promise<Postmaster | undefined> {
  const found = await findPostmaster(cluster.folder)
  return found && untilReady(cluster.folder, found.pid, START_WITHIN_MS)
}

/**
 * Starts Postgres on a cluster, which is made where it is not there yet.
 *
 * @param port a free one where it is undefined.
 */
export async function start(cluster: Cluster, settings: Record<string, string>, port?: number): Promise<Postmaster> {
  await mkdir(cluster.root, { recursive: true })
  if (cluster.owner) await chmod(cluster.root, 0o711) // the owner passes through it, and reads nothing else
  if (!(await exists(join(cluster.folder, 'PG_VERSION')))) await initialise(cluster)
  if (cluster.owner && !(await canReach(cluster.owner, cluster.folder)))
    throw new EmbeddedPostgresError(
      `Postgres runs as the user "postgres", who can't enter ${cluster.folder}: move ${cluster.root} to where everybody may enter, and set DATA_DIR to it`,
    )
  await removeStalePidFile(cluster.folder)
  const own = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port ?? (await freePort())) }
  const started = await spawnPostgres(cluster, { ...own, ...settings })
  // Another process may have started it in the same instant: then it is that one's.
  const server = started ?? (await live(cluster))
  if (server) return server
  const log = (await readFile(cluster.logFile, 'utf8')).trim().split('\n').slice(-LOG_LINES_IN_ERROR).join(' | ')
  throw new EmbeddedPostgresError(`Postgres did not start in ${cluster.folder}: ${log}`)
}

/**
 * Starts it without pg_ctl, which would hand every path to a shell. It is in a session of its own, so that signals to this
 * program's group don't reach it.
 *
 * @returns undefined where it ended at once.
 */
async function spawnPostgres(cluster: Cluster, settings: Record<string, string>): Promise<Postmaster | undefined> {
  const log = await open(cluster.logFile, 'w', 0o600)
  try {
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(cluster.programs.postgres, ['-D', cluster.folder, ...flags], {
      ...environment(cluster),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    let failure: Error | undefined
    child.once('error', (error) => {
      failure = error
    })
    child.unref()
    const isRunning = () => failure === undefined && child.exitCode === null && child.signalCode === null
    const server = await untilReady(cluster.folder, child.pid ?? 0, START_WITHIN_MS, isRunning)
    if (failure) throw new EmbeddedPostgresError(`Postgres did not start in ${cluster.folder}: ${failure.message}`)
    return server
  } finally {
    await log.close()
  }
}

async function initialise(cluster: Cluster): Promise<void> {
  requireAccount()
  const { owner } = cluster
  await rm(cluster.folder, { recursive: true, force: true }) // what an interrupted initdb left has no PG_VERSION
  if (owner && !(await canReach(owner, cluster.root))) await moveElsewhere(cluster)
  await mkdir(cluster.folder, { mode: 0o700 })
  await writeFile(cluster.passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  // initdb runs as the owner and must read the password.
  if (owner) for (const path of [cluster.folder, cluster.passwordFile]) await chown(path, owner.uid, owner.gid)
  const flags = [
    '--auth=scram-sha-256',
    `--username=${USER}`,
    `--pwfile=${cluster.passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  try {
    await runToEnd(cluster, cluster.programs.initdb, [`--pgdata=${cluster.folder}`, '--no-instructions', ...flags])
  } catch (error) {
    throw new EmbeddedPostgresError(`can't make a database in ${cluster.folder}: ${lastLine(error)}`)
  }
}

/** Gives the data a folder that the owner can reach, and leaves a link to it in the data folder of this program. */
async function moveElsewhere(cluster: Cluster): Promise<void> {
  const link = join(cluster.root, 'postgres')
  const folder = join(await makeElsewhere('data-'), 'postgres')
  await rm(link, { force: true }) // one that leads nowhere
  await symlink(folder, link)
  Object.assign(cluster, placesIn(folder))
}

/** initdb asks for the name of whoever runs it, although it is given another one to use. */
function requireAccount(): void {
  try {
    userInfo()
  } catch {
    throw new EmbeddedPostgresError(
      `the user id ${process.getuid?.()} has no account on this machine, and Postgres makes no database without one: add it to /etc/passwd, run as another user, or set DATABASE_URL`,
    )
  }
}

/** Stops Postgres, where it runs. */
export async function stop(cluster: Cluster): Promise<void> {
  const ask = (mode: string) =>
    runToEnd(cluster, cluster.programs.pg_ctl, [
      'stop',
      `--mode=${mode}`,
      '--wait',
      `--timeout=${STOP_WITHIN_S}`,
      `--pgdata=${cluster.folder}`,
    ])
  if ((await findPostmaster(cluster.folder)) === undefined) return
  try {
    await ask('fast').catch(() => ask('immediate'))
  } catch (error) {
    if ((await findPostmaster(cluster.folder)) !== undefined)
      throw new EmbeddedPostgresError(`Postgres did not stop: ${lastLine(error)}`)
  }
}

/** Removes a data folder, with what of it lies elsewhere. */
export async function remove(dataDir: string): Promise<void> {
  const { folder } = placesIn(await linked(join(resolve(dataDir), 'postgres')))
  if (folder.startsWith(ELSEWHERE)) await rm(dirname(folder), { recursive: true, force: true })
  await rm(dataDir, { recursive: true, force: true })
}

/** Runs a program of Postgres to its end. @throws what it wrote to standard error. */
async function runToEnd(cluster: Cluster, program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, { ...environment(cluster), stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(stderr.trim() || `exit code ${code}`))))
  })
}

/** Who the programs of Postgres run as, where, and with what of the environment. */
function environment({ owner }: Cluster) {
  // They want a working folder that the owner can enter.
  return { cwd: '/', env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' }, ...owner }
}

function lastLine(error: unknown): string {
  return (
    String(error instanceof Error ? error.message : error)
      .trim()
      .split('\n')
      .at(-1) ?? ''
  )
}
