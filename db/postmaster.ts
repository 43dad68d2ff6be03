import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, readlink, realpath, rename, rm } from 'node:fs/promises'
import { platform } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { EmbeddedPostgresError } from './embedded-error.ts'

/** The first process of a running Postgres, which all others of it are children of. */
export type Postmaster = { pid: number; port: number; status: string }

const LOOK_EVERY_MS = 20

/**
 * The postmaster that lives on a data folder, whoever started it. The file that names it outlives a crash, and by then its
 * number may be another program's: only a process that works in the folder counts.
 */
export async function findPostmaster(folder: string): Promise<Postmaster | undefined> {
  const found = await readPidFile(folder)
  return found !== undefined && (await isAtWork(found.pid, folder)) ? found : undefined
}

/** postmaster.pid holds, by line: pid, data folder, start time, port, socket folder, listen address, shared memory, status. */
async function readPidFile(folder: string): Promise<Postmaster | undefined> {
  const text = await readFile(pidFile(folder), 'utf8').catch(() => '')
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[3]), status: (lines[7] ?? '').trim() }
}

function pidFile(folder: string): string {
  return join(folder, 'postmaster.pid')
}

async function isAtWork(pid: number, folder: string): Promise<boolean> {
  if (platform() === 'linux') {
    // A postmaster works in its data folder. Where this may not be read, the process is of another user.
    const at = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
    return at !== undefined && at === (await realpath(folder))
  }
  if (!isAlive(pid)) return false
  if (platform() === 'win32') return true
  const { stdout } = await promisify(execFile)('ps', ['-o', 'comm=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.includes('postgres')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Takes away a file that names a process that is alive and no Postgres on this folder: Postgres would believe it and refuse to
 * start, for ever. One that names nobody stays, because Postgres reads in it what to look for before it starts.
 */
export async function removeStalePidFile(folder: string): Promise<void> {
  const named = await readPidFile(folder)
  if (named === undefined || !isAlive(named.pid) || (await isAtWork(named.pid, folder))) return
  // Another process may start Postgres between the look and this: what was moved is looked at again.
  const moved = `${pidFile(folder)}.${randomUUID()}`
  await rename(pidFile(folder), moved).catch(() => {}) // another process was faster
  const lines = (await readFile(moved, 'utf8').catch(() => '')).split('\n')
  if (lines[0] !== '' && Number(lines[0]) !== named.pid) await rename(moved, pidFile(folder))
  else await rm(moved, { force: true })
}

/**
 * Waits until a postmaster takes connections, which after a crash is when its recovery is done.
 *
 * @param withinMs throws after that.
 * @param isRunning whether there is still something to wait for.
 * @returns undefined where it ended before.
 */
export async function untilReady(
  folder: string,
  pid: number,
  withinMs: number,
  isRunning: () => Promise<boolean> | boolean = () => isAtWork(pid, folder),
): Promise<Postmaster | undefined> {
  for (const end = Date.now() + withinMs; Date.now() < end; ) {
    const found = await readPidFile(folder)
    if (found?.pid === pid && found.status === 'ready') return found
    if (!(await isRunning())) return undefined
    await wait(LOOK_EVERY_MS)
  }
  throw new EmbeddedPostgresError(`Postgres in ${folder} did not come up within ${withinMs / 1000} s`)
}
