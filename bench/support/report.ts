import { cpus } from 'node:os'

/** What the figures of one run share: they mean something only beside one another. */
export function machine(): string {
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  return `${model}, ${cpus().length} cores, ${process.platform} ${process.arch}, Node ${process.versions.node}`
}

/** A table in Markdown: text on the left, figures on the right. */
export function table(head: readonly string[], rows: readonly (string | number)[][]): string {
  const isText = head.map((_, column) => rows.some((row) => typeof row[column] === 'string' && row[column] !== NONE))
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${isText.map((text) => (text ? '---' : '---:')).join('|')}|`, ...rows.map(line)].join('\n')
}

/** Stands where there is no figure. */
export const NONE = '–'

/** Rounded to what can be told apart: three digits, and no fractions from 100 on. */
export function figure(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

/** The round in the middle, by one of its figures. */
export function medianBy<T>(rounds: readonly T[], by: (round: T) => number): T {
  const middle = rounds.toSorted((a, b) => by(a) - by(b))[Math.floor((rounds.length - 1) / 2)]
  if (middle === undefined) throw new Error('there is no median of nothing')
  return middle
}

/** A line of progress. It goes to stderr, so that stdout is the report alone. */
export function progress(text: string): void {
  console.error(text)
}
