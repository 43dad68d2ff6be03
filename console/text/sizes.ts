/** A number of bytes in words. */
export function bytesOf(count: number): string {
  if (count < 1000) return `${count} bytes`
  for (const [unit, size] of [
    ['kB', 1e3],
    ['MB', 1e6],
    ['GB', 1e9],
  ] as const)
    if (count < size * 1000) return `${(count / size).toFixed(1)} ${unit}`
  return `${(count / 1e12).toFixed(1)} TB`
}

/** How many of something, with the plural of its name. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}
