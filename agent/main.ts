#!/usr/bin/env node
import { tunnel } from './cli.ts'
import { HELP } from './options.ts'

// The entry of the agent where it is packed by itself: `hyperspeed tunnel`, and nothing else.

declare const AGENT_VERSION: string

const [command, ...args] = process.argv.slice(2)

/** What this program is written for, and npm says by itself of what it installs. */
const LEAST_NODE = 22

/** @returns the exit code. */
async function main(): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) {
    console.error(`hyperspeed: Node ${LEAST_NODE} or newer is needed, and this is ${process.versions.node}`)
    return 1
  }
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
