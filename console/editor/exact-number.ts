// JavaScript has one kind of number, and JSON any: 1e400 would become null, and the last digits of a long one others. What would
// change is held as a string that begins with a mark, and is written as it was. The server takes no string with a null in it, so
// nothing else looks like that.

const MARK = '\u0000number:'
const MARKED = /"\\u0000number:([-+.\deE]+)"/g
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** What a number of JSON is held as: the number, or a marked string where that would be another one. */
export function heldNumber(written: string): number | string {
  const value = Number(written)
  return canonical(written) === canonical(String(value)) ? value : `${MARK}${written}`
}

/** Reads what somebody typed as a number. @returns undefined where it is none */
export function typedNumber(typed: string): number | string | undefined {
  return NUMBER.test(typed) ? heldNumber(typed) : undefined
}

/** How a number that is held as a marked string was written; undefined for any other value. */
export function writtenNumber(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(MARK.length) : undefined
}

/** A value as JSON, with every number as it was written. */
export function writeJson(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? 'null').replaceAll(MARKED, '$1')
}

/** All numbers in a value that are held as marked strings, as they were written. */
export function writtenNumbersIn(value: unknown): string[] {
  const written = writtenNumber(value)
  if (written !== undefined) return [written]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(writtenNumbersIn)
}

/** A value to be looked at: what is held as a marked string is a plain one, as it was written. */
export function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked)
  if (typeof value !== 'object' || value === null) return writtenNumber(value) ?? value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unmarked(each)]))
}

/** Digits and exponent, so that two ways to write a number are the same: `1.50` and `15e-1`. */
function canonical(written: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(written) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  // Not by an expression that looks for zeros at the end: it would begin again at each of them.
  let end = digits.length
  while (digits[end - 1] === '0') end--
  const significant = digits.slice(0, end)
  if (significant === '') return whole === '' ? written : `${sign}0`
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)
  return `${sign}${significant}e${power}`
}
