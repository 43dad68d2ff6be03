#!/usr/bin/env node
import { tunnel } from './cli.ts'
import { HELP } from './options.ts'

// The entry of the agent where it is packed by itself: `hyperspeed tunnel`, and nothing else.

declare const AGENT_VERSION: string

const [command, ...args] = process.argv.slice(2)

/** @returns the exit code. */
async function main(): Promise<number> {
  if (command === 'tunnel') return tunnel(args, process.env, AGENT_VERSION)
  const isVersion = command === '--version' || command === '-v'
  process.stdout.write(isVersion ? `${AGENT_VERSION}\n` : HELP)
  return command === undefined || command.startsWith('-') ? 0 : 2
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
