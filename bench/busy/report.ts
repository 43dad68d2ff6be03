import type { LoadFigure } from '../support/load.ts'
import { figure, medianBy, NONE, table } from '../support/report.ts'

/** What is measured beside what was meant: at the least, or, for what should be small, at the most. */
export type Aim = { what: string; value: number; least?: number; most?: number }

/** What was found with one server: figures by name, aims, and MiB of the server before and after. */
export type Part = { name: string; medians: Map<string, LoadFigure>; aims: Aim[]; idle: number; after: number }

const HEAD = ['what', 'per second', 'p50 ms', 'p99 ms', 'server CPU ms', 'Postgres CPU ms', 'both']

/** The middle of the rounds of each. */
export function mediansOf<F extends LoadFigure>(figures: Map<string, F[]>): Map<string, F> {
  return new Map([...figures].map(([name, all]) => [name, medianBy(all, ({ perSecond }) => perSecond)]))
}

/** A figure by its name. */
export function of<F>(medians: Map<string, F>, name: string): F {
  const found = medians.get(name)
  if (found === undefined) throw new Error(`nothing was measured of ${name}`)
  return found
}

/** By how much one is of another, by rate. */
export function ratio(medians: Map<string, LoadFigure>, own: string, limit: string): number {
  return of(medians, own).perSecond / of(medians, limit).perSecond
}

/** A figure of what is no server: its processor time is not what is measured. */
export function rateOf({ perSecond, p50, p99 }: LoadFigure): LoadFigure {
  const latencies = { ...(p50 === undefined ? {} : { p50 }), ...(p99 === undefined ? {} : { p99 }) }
  return { perSecond, ...latencies, cpuMicroseconds: Number.NaN }
}

/** Milliseconds of processor time of server and Postgres together for each. */
export function cpuMs({ cpuMicroseconds, postgresMicroseconds = Number.NaN }: LoadFigure): number {
  return (cpuMicroseconds + postgresMicroseconds) / 1000
}

/** What is said of a figure on the way. */
export function show(measured: LoadFigure): string {
  const ms = cpuMs(measured)
  return `${figure(measured.perSecond)}/s${Number.isNaN(ms) ? '' : `, ${figure(ms)} ms each`}`
}

/** The figures of some parts, in one table. */
export function figuresOf(parts: readonly Part[]): string {
  const rows = parts.flatMap(({ medians }) => [...medians].map(([name, measured]) => [name, ...cells(measured)]))
  return table(HEAD, rows)
}

function cells(measured: LoadFigure): (string | number)[] {
  const { perSecond, p50, p99, cpuMicroseconds, postgresMicroseconds = Number.NaN } = measured
  const ms = [cpuMicroseconds / 1000, postgresMicroseconds / 1000, cpuMs(measured)]
  return [figure(perSecond), p50 ?? NONE, p99 ?? NONE, ...ms.map(shown)]
}

/** The aims of some parts, and whether they are reached. */
export function aimsOf(aims: readonly Aim[]): string {
  const rows = aims.map(({ what, value, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY }) => {
    const aim = Number.isFinite(least) ? `≥ ${least}` : `≤ ${most}`
    return [what, shown(value), aim, value >= least && value <= most ? 'reached' : 'missed']
  })
  return table(['what', 'measured', 'aim', ''], rows)
}

/** What the server held in memory, before and after each part. */
export function memoryOf(parts: readonly Part[]): string {
  const rows = parts.map(({ name, idle, after }) => [name, shown(idle), shown(after)])
  return table(['after', 'idle MiB', 'MiB then'], rows)
}

function shown(value: number): number | string {
  return Number.isNaN(value) ? NONE : figure(value)
}
