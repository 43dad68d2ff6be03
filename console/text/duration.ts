/** A length of time in words, to the two largest units. @param ms in milliseconds; what is less than nothing is nothing */
export function durationOf(ms: number): string {
  if (ms < 1000) return `${Math.max(Math.round(ms), 0)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} days ${hours % 24} h`
}

/** The time from one moment to a later one, in milliseconds. */
export function between(from: string, to: string): number {
  return Math.max(Date.parse(to) - Date.parse(from), 0)
}
