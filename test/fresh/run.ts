import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { removeEmbedded } from '../../db/embedded.ts'
import { until } from '../support/until.ts'

// The README's two commands in a fresh copy that nobody but its owner may enter, as a clone in /root is, and the ways in
// which what they start is stopped: npm run test:fresh
const ROOT = join(import.meta.dirname, '../..')
const STOP_WITHIN_MS = 10_000
const START_WITHIN_MS = 300_000
const ONE_FILE = 'test/db/migrate.test.ts'

let failed = 0
const scratch = await mkdtemp(join(tmpdir(), 'hyperspeed-fresh-')) // 0700
const clone = join(scratch, 'app')
const dataDir = join(clone, '.data')
const env = { ...process.env, PORT: '0', PGSSLMODE: 'require' }

try {
  await copyCheckout()
  await check('npm start ends by SIGTERM to npm alone', () => startAndStop((npm) => process.kill(npm, 'SIGTERM')))
  await check('by SIGHUP to npm alone', () => startAndStop((npm) => process.kill(npm, 'SIGHUP')))
  await check('by SIGHUP to the group', () => startAndStop((npm) => process.kill(-npm, 'SIGHUP')))
  await check('by SIGINT to the group', () => startAndStop((npm) => process.kill(-npm, 'SIGINT')))
  await check('npm killed by SIGKILL', () => startAndStop((npm) => process.kill(npm, 'SIGKILL')))
  await check(`npm test -- ${ONE_FILE}`, async () => {
    const [code] = await once(spawn('npm', ['test', '--', ONE_FILE], { cwd: clone, env, stdio: 'inherit' }), 'close')
    if (code !== 0) throw new Error(`exit code ${code}`)
  })
} finally {
  await removeEmbedded(dataDir)
  await rm(scratch, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1

/** What a clone would have. The folder need be no repository, nor this user's. */
async function copyCheckout(): Promise<void> {
  const made = ['.data', '.git', '.sdk', '.tap', 'console/dist'].map((name) => join(ROOT, name))
  const filter = (from: string) => !made.includes(from) && basename(from) !== 'node_modules'
  await cp(ROOT, clone, { recursive: true, filter })
}

async function check(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
    console.log(`✓ ${name}`)
  } catch (error) {
    failed++
    console.log(`✗ ${name}: ${error instanceof Error ? error.message : error}`)
  }
}

/** Starts the server as the README says, stops it by `stop`, and looks that nothing is left of it. */
async function startAndStop(stop: (npm: number) => void): Promise<void> {
  const npm = spawn('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const base = await listening(npm)
  const answer = await fetch(`${base}/readyz`)
  if (answer.status !== 200) throw new Error(`/readyz says ${answer.status}`)
  const page = await fetch(base)
  if (new URL(page.url).pathname !== '/console' || page.status !== 200)
    throw new Error(`/ led to ${page.url}, ${page.status}`)
  const postmaster = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
  const group = npm.pid ?? 0
  stop(group)
  const before = Date.now()
  const isGone = async () => !(await hasMembers(group)) && !isAlive(postmaster)
  await until(isGone, STOP_WITHIN_MS).catch(() => {
    throw new Error(`something lives on after ${Date.now() - before} ms`)
  })
}

async function listening(npm: ChildProcess): Promise<string> {
  const lines: string[] = []
  const found = new Promise<string>((resolve, reject) => {
    for (const stream of [npm.stdout, npm.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        const [, url] = /Server listening at (http:\/\/[\d.:]+)/.exec(line) ?? []
        if (url) resolve(url)
      })
    }
    npm.once('exit', () => reject(new Error(`it ended: ${lines.join(' | ')}`)))
  })
  const late = wait(START_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error(`it does not listen: ${lines.join(' | ')}`)
  })
  return Promise.race([found, late])
}

/** Whether a process of the group lives; those that are dead and not yet waited for by anybody do not. */
async function hasMembers(group: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-g', String(group)]).catch(() => ({ stdout: '' }))
  return stdout.split('\n').some((state) => state.trim() !== '' && !state.startsWith('Z'))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
