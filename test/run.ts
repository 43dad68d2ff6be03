import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { STOP_SIGNALS } from '../bin/signals.ts'
import { createDb } from '../db/client.ts'
import { removeEmbedded, startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'

// Runs tap against one Postgres: the embedded one, or the server of TEST_DATABASE_URL (whose user may create
// databases). Each test file takes a database of its own from a template that is migrated here once.
//   npm test                                    everything
//   npm test -- test/plugins/routes/x.test.ts   some files
const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-test-'))
const given = process.env.TEST_DATABASE_URL
// Nothing here outlives the run, so nothing need reach the disk; tests of crashes start a Postgres of their own.
const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '300' }
const postgres = given
  ? { url: given, stop: async () => {} }
  : await startEmbedded(folder, { settings, onNotice: console.log })
const template = `hs_template_${process.pid}`
// Ctrl-C reaches tap too, and a signal to this process alone does not. Either way tap ends first, and Postgres after it.
for (const signal of STOP_SIGNALS) process.on(signal, () => tap?.kill(signal))
let tap: ChildProcess | undefined
try {
  await withServer(postgres.url, (server) => server.query(`create database ${template}`))
  const db = createDb(withDatabase(postgres.url, template))
  await migrate(db)
  await db.destroy()
  process.exitCode = await runTap()
  // On a line of its own: tap leaves an escape sequence without an end of line.
  console.log(`\n${await summary()}`)
} finally {
  await withServer(postgres.url, (server) => server.query(`drop database if exists ${template} with (force)`))
  await postgres.stop()
  await removeEmbedded(folder)
}

function runTap(): Promise<number> {
  const env = { ...process.env, TEST_DATABASE_URL: postgres.url, TEST_TEMPLATE: template }
  const reporter = process.stdout.isTTY ? [] : ['--reporter=min']
  const args = ['run', ...reporter, `--output-file=${join(folder, 'results.tap')}`, ...process.argv.slice(2)]
  const child = spawn('tap', args, { stdio: 'inherit', env })
  tap = child
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

/** tap's own count of all assertions, at the end of its results. */
async function summary(): Promise<string> {
  const results = await readFile(join(folder, 'results.tap'), 'utf8').catch(() => '') // tap found no file to run
  const totals = [...results.matchAll(/^# \{ total: .*\}$/gm)].at(-1)?.[0] ?? ''
  const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(totals)?.[1] ?? 0)
  const skipped = count('skip') + count('todo')
  if (count('fail') > 0) console.log(`\n${failures(results).join('\n')}`)
  return `${count('pass')} passed, ${count('fail')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** What failed, with what tap says of it: its reporter was seen to end without a word. What has a time is made of others. */
function failures(results: string): string[] {
  const found = results.matchAll(/^( *)not ok .*\n(?:\1 {2}---\n[\s\S]*?\n\1 {2}\.\.\.\n)?/gm)
  return [...found].map(([text]) => text.trimEnd()).filter((text) => !/^.* # time=/.test(text))
}

async function withServer(url: string, work: (server: pg.Client) => Promise<unknown>): Promise<void> {
  const server = new pg.Client(url)
  await server.connect()
  try {
    await work(server)
  } finally {
    await server.end()
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
