import { createStore, type Store } from '../store.ts'

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
const withZone = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'long' })

/** A time: how long ago or until then, and when exactly, for whoever points at it. */
export function Ago({ at }: { at: string }) {
  const now = useMinute()
  return (
    <time dateTime={at} title={withZone.format(new Date(at))}>
      {agoOf(at, now)}
    </time>
  )
}

/** A time by the reader's own clock. */
export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={withZone.format(new Date(at))}>
      {absolute.format(new Date(at))}
    </time>
  )
}

const clock = new Intl.DateTimeFormat('en', {
  dateStyle: 'full',
  timeStyle: 'short',
  timeZone: 'UTC',
  hourCycle: 'h23',
})

/** A time by the clocks of a place, with how far they are from UTC. @param at RFC 3339, with that offset */
export function LocalTime({ at }: { at: string }) {
  const [, wall = at, offset = ''] = /^(.*?)(Z|[+-]\d\d:\d\d)$/.exec(at) ?? []
  return (
    <time dateTime={at}>
      {clock.format(new Date(`${wall}Z`))} <span className="quiet">UTC{offset === 'Z' ? '' : offset}</span>
    </time>
  )
}

/** In words, to the largest unit. @param now in milliseconds since 1970 */
export function agoOf(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ['minute', 60]
  return Math.abs(seconds) < 60
    ? seconds < 0
      ? 'just now'
      : 'in a moment'
    : relative.format(Math.round(seconds / size), unit)
}

const EVERY_MS = 30_000
const minute: Store<number> = createStore(Date.now(), () => {
  const timer = setInterval(() => minute.set(Date.now()), EVERY_MS)
  return () => clearInterval(timer)
})

/** The time, in milliseconds since 1970, which moves on by itself every half minute, for all who show one. */
export function useMinute(): number {
  minute.use()
  // Of what has happened since the last half minute, nobody should read that it is still to come.
  return Date.now()
}

const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'long' })

/** A time in full, with its zone, and how long ago or until then. */
export function Moment({ at }: { at: string }) {
  const now = useMinute()
  return (
    <time dateTime={at}>
      {exact.format(new Date(at))} <span className="quiet">({agoOf(at, now)})</span>
    </time>
  )
}
