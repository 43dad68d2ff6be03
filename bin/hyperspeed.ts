#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { beginAgain } from './begin-again.ts'
import { exitOnSignals } from './signals.ts'
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

  tunnel                    carry the requests of a tunnel's visitors to a service on this machine; see hyperspeed tunnel --help

  audit verify              check the hash chain of every audit log; exit code 1 when one is broken
  rotate-keys               encrypt again, with the first key of HS_ENCRYPTION_KEY, what other keys encrypted

  --help                    show this
  --version                 show the version

Settings come from the environment: see README.md.
`

type Options = { out?: string; check?: string }

type Run = (env: NodeJS.ProcessEnv, options: Options) => Promise<number | undefined>

/**
 * What each command does. It resolves to its exit code, or to undefined where the command goes on. A command is loaded
 * when it is asked for: the whole program takes a second, and help should not.
 */
const COMMANDS: Record<string, Run> = {
  serve: async (env) => (await import('./serve.ts')).serve(env),
  worker: async (env) => (await import('./serve.ts')).serve({ ...env, ROLE: 'worker' }),
  migrate: async (env) => (await import('./migrate.ts')).migrate(env),
  demo: async (env) => (await import('./demo.ts')).demo(env),
  openapi: async (_env, options) => (await import('./openapi.ts')).openapi(options),
  'audit verify': async (env) => (await import('./audit.ts')).auditVerify(env),
  'rotate-keys': async (env) => (await import('./rotate-keys.ts')).rotateKeys(env),
}

/** Those that go on until they are told to stop. */
const STOP_IN_ORDER = new Set(['serve', 'worker'])

async function main(args: string[]): Promise<number | undefined> {
  // It has options of its own, and stops in its own order.
  if (args[0] === 'tunnel') return (await import('../agent/cli.ts')).tunnel(args.slice(1), process.env, version)
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
  if (command === undefined) return usage(`unknown command "${name}"`)
  if (STOP_IN_ORDER.has(name)) beginAgain(process.env)
  else exitOnSignals()
  return command(process.env, values)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function usage(message: string): number {
  console.error(`hyperspeed: ${message}; see hyperspeed --help`)
  return 2
}

/** By their names: to load them would take longer than the agent of a tunnel takes to start. */
const MENDABLE = new Set(['ConfigError', 'EmbeddedPostgresError', 'UnusableServerError'])

/** What a person can mend is one line; anything else is a bug and keeps its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isMendable =
    MENDABLE.has(error.name) ||
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
