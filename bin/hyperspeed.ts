#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { EmbeddedPostgresError } from '../db/embedded.ts'
import { ConfigError } from '../src/config.ts'
import { auditVerify } from './audit.ts'
import { demo } from './demo.ts'
import { migrate } from './migrate.ts'
import { openapi } from './openapi.ts'
import { rotateKeys } from './rotate-keys.ts'
import { serve } from './serve.ts'
import { version } from './version.ts'

const HELP = `Hyperspeed Automations ${version}

Usage: hyperspeed <command> [options]

  serve                     start the server (the default): migrates the database first
  worker                    start what runs automations, and nothing else: serve with ROLE=worker
  migrate                   bring the database up to this program, and end
  demo                      make a demo workspace in a database in which nobody is yet

  openapi                   print the OpenAPI document
    --out FILE              write it there instead
    --check FILE            compare it with that file; exit code 1 when it differs

  audit verify              check the hash chain of every audit log; exit code 1 when one is broken
  rotate-keys               encrypt again, with the first key of HS_ENCRYPTION_KEY, what other keys encrypted

  --help                    show this
  --version                 show the version

Settings come from the environment: see README.md.
`

type Options = { out?: string; check?: string }

/** What each command does. It resolves to its exit code, or to undefined where the command goes on. */
const COMMANDS: Record<string, (env: NodeJS.ProcessEnv, options: Options) => Promise<number | undefined>> = {
  serve,
  worker: (env) => serve({ ...env, ROLE: 'worker' }),
  migrate,
  demo,
  openapi: (_env, options) => openapi(options),
  'audit verify': auditVerify,
  'rotate-keys': rotateKeys,
}

async function main(args: string[]): Promise<number | undefined> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
      out: { type: 'string' },
      check: { type: 'string' },
    },
  })
  if (values.help) return print(HELP)
  if (values.version) return print(`${version}\n`)
  const name = positionals.length === 0 ? 'serve' : positionals.join(' ')
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  return command === undefined ? usage(`unknown command "${name}"`) : command(process.env, values)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function usage(message: string): number {
  console.error(`hyperspeed: ${message}; see hyperspeed --help`)
  return 2
}

/** What a person can mend is one line; anything else is a bug and keeps its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isMendable =
    error instanceof ConfigError ||
    error instanceof EmbeddedPostgresError ||
    ('code' in error && /^(EADDR|EACCES|ECONN|ENOTFOUND|28|3D|42501)/.test(String(error.code)))
  return isMendable ? `hyperspeed: ${error.message}` : String(error.stack)
}

try {
  const exitCode = await main(process.argv.slice(2))
  if (exitCode !== undefined) process.exit(exitCode)
} catch (error) {
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    process.exit(usage(error.message))
  console.error(explain(error))
  process.exit(1)
}
