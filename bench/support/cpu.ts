import { readdir, readFile } from 'node:fs/promises'

/** What Linux counts in, on every machine that Node runs on. */
const TICKS_PER_SECOND = 100

/**
 * Processor time that a process and its children have used so far, those included that have ended.
 *
 * @returns seconds; undefined where there is no /proc.
 */
export async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(pids.map((each) => read(Number(each))))
  const ticks = all
    .filter((each) => each !== undefined)
    .map((each) => {
      if (each.pid === pid) return each.own + each.reaped
      return each.parent === pid ? each.own + each.reaped : 0
    })
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND
}

/** proc_pid_stat(5). The name of the program may hold spaces and brackets: what follows its last bracket is by position. */
async function read(pid: number) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined) // it ended since it was listed
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const at = (field: number) => Number(fields[field - 3])
  return { pid, parent: at(4), own: at(14) + at(15), reaped: at(16) + at(17) }
}
