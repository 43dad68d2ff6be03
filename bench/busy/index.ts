import { figure } from '../support/report.ts'
import type { Suite } from '../support/suite.ts'
import { measureHook, measureMemory } from './hook.ts'
import { measureReading } from './reading.ts'
import { aimsOf, figuresOf, memoryOf } from './report.ts'
import { measureWriting } from './writing.ts'

const IDLE_MIB = 150
const BUSY_MIB = 220

/** One process that is API and worker, as most people run it, with one organization that asks much. */
export const busy: Suite = {
  about: 'one process for all, as people run it: create, change, list, webhooks with their runs, memory',
  run: async (effort) => {
    const writing = await measureWriting(effort)
    const reading = await measureReading(effort)
    const hook = await measureHook(effort)
    const parts = [writing, ...reading, hook]
    const idle = Math.max(...parts.map((part) => part.idle))
    const aims = [
      ...parts.flatMap((part) => part.aims),
      { what: 'MiB of the server, idle', value: idle, most: IDLE_MIB },
    ]
    return `The median of ${effort.rounds} rounds of ${effort.seconds} s each. CPU is that of the server, which is API and worker, and of Postgres for each,
without that of the client.

${figuresOf(parts)}

The last run of what was accepted in that time ended ${figure(hook.tail)} s after the last event came in.

${aimsOf(aims)}

${memoryOf(parts)}`
  },
}

/** The same server, over many events of one automation. */
export const memory: Suite = {
  about: 'what the same process holds in memory over 200,000 events of one automation',
  run: async (effort) => {
    const { table, idle, after, most } = await measureMemory(effort)
    const aims = [
      { what: 'MiB idle', value: idle, most: IDLE_MIB },
      { what: 'MiB after all', value: after, most: BUSY_MIB },
      { what: 'MiB at the most', value: most, most: BUSY_MIB },
    ]
    return `Resident memory of the server once the runs of so many events have ended.

${table}

${aimsOf(aims)}`
  },
}
