import { readFile } from 'node:fs/promises'

export const MIB = 1_048_576

/**
 * How much memory a process has in RAM, without its children: proc_pid_status(5).
 *
 * @returns bytes; undefined where there is no /proc.
 */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
  return kib === undefined ? undefined : Number(kib) * 1024
}
