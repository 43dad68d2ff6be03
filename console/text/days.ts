// Days as fields for dates have them, YYYY-MM-DD, by the reader's own clock.

const DAY_MS = 86_400_000
/** A token that ends in fewer days is told of. */
const SOON_DAYS = 14

/** The day of a time. */
export function dayOf(at: string | Date): string {
  const date = new Date(at)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** The day so many days from now. @param now in milliseconds since 1970 */
export function dayIn(days: number, now: number = Date.now()): string {
  return dayOf(new Date(now + days * DAY_MS))
}

/** The end of a day, as the API has times. */
export function endOf(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString()
}

/** How near the end of a token is. @param now in milliseconds since 1970 */
export function nearnessOf(end: string, now: number): 'over' | 'soon' | 'far' {
  const left = Date.parse(end) - now
  if (left <= 0) return 'over'
  return left < SOON_DAYS * DAY_MS ? 'soon' : 'far'
}
