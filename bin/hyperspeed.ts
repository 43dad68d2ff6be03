#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { EmbeddedPostgresError } from '../db/embedded.ts'
import { ConfigError } from '../src/config.ts'
import { auditVerify } from './audit.ts'
import { openapi } from './openapi.ts'
import { serve } from './serve.ts'
import { version } from './version.ts'

const HELP = `Hyperspeed Automations ${version}

Usage: hyperspeed <command> [options]

  serve                     start the server (the default): migrates the database first
  openapi                   print the OpenAPI document
    --out FILE              write it there instead
    --check FILE            compare it with that file; exit code 1 when it differs

  audit verify              check the hash chain of every audit log; exit code 1 when one is broken

  --help                    show this
  --version                 show the version

Settings come from the environment: see README.md.
`

/** Runs one command. @returns its exit code, or undefined where the command goes on. */
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
  const [command = 'serve', ...rest] = positionals
  if (values.help) return print(HELP)
  if (values.version) return print(`${version}\n`)
  if (command === 'audit' && rest.join() === 'verify') return auditVerify(process.env)
  if (rest.length > 0) return usage(`unexpected argument "${rest[0]}"`)
  if (command === 'openapi') return openapi(values)
  if (command !== 'serve') return usage(`unknown command "${command}"`)
  await serve(process.env)
  return undefined
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
    ('code' in error && /^(ERR_PARSE_ARGS|EADDR|EACCES|ECONN|ENOTFOUND|28|3D)/.test(String(error.code)))
  return isMendable ? `hyperspeed: ${error.message}` : String(error.stack)
}

try {
  const exitCode = await main(process.argv.slice(2))
  if (exitCode !== undefined) process.exit(exitCode)
} catch (error) {
  console.error(explain(error))
  process.exit(1)
}
