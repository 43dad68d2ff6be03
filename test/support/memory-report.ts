import { renameSync, writeFileSync } from 'node:fs'
import { memoryUsage, pid } from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Loaded into a process with `--import`: on SIGUSR2 it collects garbage and writes what is still held, in bytes, to
 * `$MEMORY_REPORTS/{pid}`. What the system counts for a process says little of a leak: it depends on when garbage was
 * collected, and on what the allocator keeps.
 */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
process.on('SIGUSR2', () => {
  collectGarbage()
  // Buffers are given back once their owners are gone.
  setImmediate(() => {
    collectGarbage()
    const { heapUsed, external } = memoryUsage()
    const file = `${process.env.MEMORY_REPORTS}/${pid}`
    writeFileSync(`${file}.new`, String(heapUsed + external))
    renameSync(`${file}.new`, file)
  })
})
