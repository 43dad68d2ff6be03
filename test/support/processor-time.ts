/**
 * Starts to count what this process spends, in milliseconds of processor time: a bound on it says that something ends, and
 * holds however busy the machine is with others.
 *
 * @returns how much it was so far.
 */
export function countProcessorTime(): () => number {
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
}
