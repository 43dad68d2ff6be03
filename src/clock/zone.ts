/**
 * Clocks of a zone. Instants are milliseconds since the Unix epoch; a wall time, which is what the clocks show, is written
 * the same way, as if it were UTC. IANA rules come with the runtime's Temporal.
 */

/** Where the clocks of a zone are put forward or back: `before` and `after` are their offsets from UTC in milliseconds. */
export type ClockChange = { at: number; before: number; after: number }

/** What became of a wall time: it occurs once, twice (then `at` is the first), or never (then `at` is right behind the gap). */
export type Resolved = { at: number; occurs: 'once' | 'twice' | 'never' }

/** A zone as the IANA database writes its name, or undefined if it is none. An offset such as `+02:00` has no rules. */
export function zoneName(name: string): string | undefined {
  if (!/^[A-Za-z][\w+\-/]{0,99}$/.test(name)) return undefined
  try {
    return zoned(0, name).timeZoneId
  } catch {
    return undefined // the one way in which Temporal says that it does not know a zone
  }
}

/** How far the clocks of a zone are ahead of UTC, in milliseconds. */
export function offsetAt(at: number, zone: string): number {
  return zoned(at, zone).offsetNanoseconds / 1e6
}

/** The first clock change after an instant, or null if none is planned. */
export function changeAfter(at: number, zone: string): ClockChange | null {
  return change(zoned(at, zone).getTimeZoneTransition('next'), zone)
}

/** The last clock change at or before an instant, or null. */
export function changeUpTo(at: number, zone: string): ClockChange | null {
  return change(zoned(at + 1, zone).getTimeZoneTransition('previous'), zone)
}

/** When the clocks of a zone show this wall time. */
export function resolve(wall: number, zone: string): Resolved {
  const plain = zoned(wall, 'UTC').toPlainDateTime()
  const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const later = plain.toZonedDateTime(zone, { disambiguation: 'later' })
  if (earlier.epochMilliseconds === later.epochMilliseconds) return { at: earlier.epochMilliseconds, occurs: 'once' }
  if (earlier.toPlainDateTime().equals(plain)) return { at: earlier.epochMilliseconds, occurs: 'twice' }
  // Temporal would run 02:30 at 03:30, as far behind the gap as it was into it; people expect the end of the gap.
  const gap = changeAfter(earlier.epochMilliseconds, zone)
  return { at: gap?.at ?? later.epochMilliseconds, occurs: 'never' }
}

/** RFC 3339 with the offset of the zone: `2026-03-29T09:00:00+02:00`. */
export function localTime(at: number, zone: string): string {
  return zoned(at, zone).toString({ timeZoneName: 'never', smallestUnit: 'second' })
}

/** Says that a wall time was skipped, and what runs instead. */
export function noteSkipped(wall: number, at: number, zone: string): string {
  const runs = at + offsetAt(at, zone)
  const when = day(runs) === day(wall) ? clock(runs) : `${day(runs)} ${clock(runs)}`
  return `${clock(wall)} does not exist on ${day(wall)} in ${zone}; runs at ${when}`
}

/** Says that a wall time occurs twice, and which of the two this is. */
export function noteRepeated(
  wall: number,
  zone: string,
  runs: 'the first' | 'both, this is the first' | 'both, this is the second',
) {
  return `${clock(wall)} occurs twice on ${day(wall)} in ${zone}; runs at ${runs}`
}

function zoned(at: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
}

function change(transition: Temporal.ZonedDateTime | null, zone: string): ClockChange | null {
  if (!transition) return null
  const at = transition.epochMilliseconds
  return { at, before: offsetAt(at - 1, zone), after: transition.offsetNanoseconds / 1e6 }
}

function day(wall: number): string {
  return new Date(wall).toISOString().slice(0, 10)
}

function clock(wall: number): string {
  const time = new Date(wall).toISOString().slice(11, 19)
  return time.endsWith(':00') ? time.slice(0, 5) : time
}
