import { parseArgs } from 'node:util'
import { busy, memory } from './busy/index.ts'
import { http } from './http/index.ts'
import { mcp } from './mcp/index.ts'
import { runs } from './runs/index.ts'
import { scale } from './scale/index.ts'
import { machine } from './support/report.ts'
import type { Suite } from './support/suite.ts'
import { tunnel } from './tunnel/index.ts'
import { webhooks } from './webhooks/index.ts'

// Each suite starts what it measures: real processes, on an embedded Postgres of their own. A new one is a file or folder
// beside this one and a line here.
const SUITES: Record<string, Suite> = { http, busy, runs, webhooks, mcp, tunnel }
/** Those that take long. They run where they are named, or asked for by an option. */
const LONG: Record<string, Suite> = { memory, scale }
const ALL = { ...SUITES, ...LONG }

const HELP = `Usage: npm run bench -- [suite …] [options]

${Object.entries(ALL)
  .map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
  .join('\n')}

Without a suite, all of them run but ${Object.keys(LONG).join(' and ')}. The report goes to stdout as Markdown, progress to stderr.

  --rounds N    how often each figure is taken; the median counts (3)
  --seconds N   how long load lasts, where it is load that is measured (5)
  --long        also those that take long: ${Object.keys(LONG).join(', ')}
  --quick       a moment of everything, to see that it works: the figures mean nothing
  --help        show this
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    long: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const effort = values.quick
  ? { quick: true, rounds: 1, seconds: 1 }
  : { quick: false, rounds: Number(values.rounds), seconds: Number(values.seconds) }
const unknown = positionals.find((name) => !Object.hasOwn(ALL, name))
const named = positionals.length > 0 ? positionals : Object.keys(SUITES)

// What a suite has started ends with this process, however that ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

if (values.help) process.stdout.write(HELP)
else if (unknown !== undefined || !(effort.rounds >= 1) || !(effort.seconds >= 1)) {
  process.stderr.write(HELP)
  process.exitCode = 2
} else await report(new Set([...named, ...(values.long ? Object.keys(LONG) : [])]))

async function report(names: Iterable<string>): Promise<void> {
  console.log(
    `${machine()}, embedded Postgres 18 with its default durability, ${new Date().toISOString().slice(0, 10)}`,
  )
  for (const name of names) {
    try {
      console.log(`\n## ${name}\n\n${await ALL[name]?.run(effort)}`)
    } catch (error) {
      console.error(`${name} failed:`, error)
      process.exitCode = 1
    }
  }
}
