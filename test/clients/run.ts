import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { recordResult } from '../support/results.ts'
import { execute, missing } from './command.ts'
import { defaultOut, LANGUAGES, type Language } from './languages.ts'

// Makes a client in each language whose tools are on the machine, and runs a program that uses it against a real server on a
// Postgres of its own. Prints a table; exits with 1 where one failed.
//   npm run test:clients                   all
//   npm run test:clients -- python go      some
const ROOT = join(import.meta.dirname, '../..')
const OPENAPI = join(ROOT, 'openapi.yaml')

type Row = { language: string; tool: string; checks: string; seconds: string; result: string }

const wanted = process.argv.slice(2)
const unknown = wanted.find((id) => LANGUAGES[id] === undefined)
if (unknown !== undefined) throw new Error(`${unknown} is none of ${Object.keys(LANGUAGES).join(', ')}`)

const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-clients-'))
const server = await startServer(folder)
try {
  const rows: Row[] = []
  for (const [id, language] of Object.entries(LANGUAGES))
    if (wanted.length === 0 || wanted.includes(id)) rows.push(await tryLanguage(id, language, server.base))
  for (const { language, tool, checks, result } of rows)
    await recordResult({ tool: `client in ${language}`, version: tool, checks, result })
  print(rows)
  process.exitCode = rows.some(({ result }) => result === 'failed') ? 1 : 0
} finally {
  server.child.kill('SIGTERM')
  await server.exited
  await rm(folder, { recursive: true, force: true })
}

async function tryLanguage(id: string, language: Language, base: string): Promise<Row> {
  const { name, tool } = language
  const absent = missing(language)
  if (absent !== undefined) return { language: name, tool, checks: '', seconds: '', result: `left out: no ${absent}` }
  const started = performance.now()
  const row = { language: name, tool, checks: '', result: 'failed' }
  try {
    row.checks = await makeAndRun(id, language, base)
    row.result = 'passed'
  } catch (error) {
    console.error(`\n${name}, ${tool}: ${error instanceof Error ? error.message : error}`)
  }
  return { ...row, seconds: ((performance.now() - started) / 1000).toFixed(0) }
}

/** @returns how many checks the program made, all of which were met. */
async function makeAndRun(id: string, language: Language, base: string): Promise<string> {
  const out = defaultOut(id)
  await rm(out, { recursive: true, force: true })
  await mkdir(out, { recursive: true })
  for (const command of [...language.generate(OPENAPI, out), ...language.build]) await execute(command)
  const { env, ...program } = language.program
  const printed = await execute({ ...program, env: { ...env, HS_URL: base } })
  const [, checks] = /^(\d+) checks$/m.exec(printed) ?? []
  if (checks === undefined || Number(checks) === 0) throw new Error(`the program made no check:\n${printed}`)
  return checks
}

/** The real program, on a free port and an empty database. Anybody may register and make an organization. */
async function startServer(dataDir: string) {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0', RATE_LIMIT: 'off', DEMO: '0', MULTI_TENANT: '1' }
  const child = spawn(process.execPath, ['bin/hyperspeed.ts', 'serve'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  const output: string[] = []
  const base = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line)
        const [, address] = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? []
        if (address !== undefined) resolve(address)
      })
    exited.then(() => reject(new Error(`the server ended:\n${output.join('\n')}`)), reject)
  })
  return { base, child, exited }
}

function print(rows: Row[]): void {
  const columns = ['language', 'tool', 'checks', 'seconds', 'result'] as const
  const head = Object.fromEntries(columns.map((column) => [column, column])) as Row
  const width = (column: (typeof columns)[number]) => Math.max(...[head, ...rows].map((row) => row[column].length))
  for (const row of [head, ...rows]) console.log(columns.map((column) => row[column].padEnd(width(column))).join('  '))
}
