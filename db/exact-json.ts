import { randomBytes } from 'node:crypto'

/** A number with more digits than a double has. JSON.stringify writes it as it was read; there is nothing else to do with it. */
export type ExactNumber = { readonly rawJSON: string }

// Of ECMAScript's "JSON.parse source text access", which the libraries of TypeScript don't have yet.
declare global {
  interface JSON {
    rawJSON(text: string): ExactNumber
    isRawJSON(value: unknown): value is ExactNumber
  }
}

/**
 * What may be a number that a double can't give back, in strings too: one of 16 digits or more (a double gives fifteen back, IEEE 754),
 * one with an exponent of three, and one that JSON.stringify would give an exponent. It has to stand where a value may.
 */
const SUSPECTS =
  /(?:^|[[:,\s])(-?(?=[\d.]{16}|[\d.]*e[+-]?\d{3}|0\.0{6})(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?)(?=\s*(?:[,\]}]|$))/gi

/** As many as nobody guesses. */
const MARK_BYTES = 12

/**
 * JSON.parse that loses no digits: a number that a double can't give back, or only with an exponent where its sender wrote none, is
 * an {@link ExactNumber}. Every other number is a number.
 *
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  return parseWith(text, JSON.rawJSON)
}

/**
 * The same, with something else for each such number.
 *
 * @param make takes the number as its sender wrote it.
 * @throws SyntaxError
 */
export function parseWith(text: string, make: (source: string) => unknown): unknown {
  const numbers = findLong(text)
  if (numbers.length === 0) return JSON.parse(text)
  // A reviver could do the same, and takes sixty times as long as JSON.parse for a list of small numbers. So each long one becomes a
  // string that no sender can guess, and is looked for in what was read.
  const mark = randomBytes(MARK_BYTES).toString('base64url')
  const parts: string[] = []
  let end = 0
  for (const { index, source } of numbers) {
    parts.push(text.slice(end, index), `"${mark}${source}"`)
    end = index + source.length
  }
  return unmark(JSON.parse(parts.join('') + text.slice(end)), mark, make)
}

/** The numbers of a JSON text that a double can't give back, in their order. */
function findLong(text: string): { index: number; source: string }[] {
  const found: { index: number; source: string }[] = []
  let string = { start: -1, end: -1 }
  for (const { 0: whole, 1: source = '', index } of text.matchAll(SUSPECTS)) {
    if (isKept(Number(source), source)) continue
    while (string.end < index) string = nextString(text, string.end + 1)
    if (string.start > index) found.push({ index: index + whole.length - source.length, source })
  }
  return found
}

/** Where the next string of a JSON text has its quotes; at its end, where there is none. */
function nextString(text: string, from: number): { start: number; end: number } {
  const start = text.indexOf('"', from)
  if (start === -1) return { start: text.length, end: text.length }
  const end = endOfString(text, start)
  return { start, end: end === -1 ? text.length : end }
}

/** The place of the quote that ends the string which begins at a place of a JSON text; -1 where none does. */
export function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let before = end - 1
    while (json[before] === '\\') before--
    if ((end - before) % 2 === 1) return end
  }
  return -1
}

/** Puts the numbers into their places, in the value itself. By a list and not by calls, because a value may be nested very deep. */
function unmark(root: unknown, mark: string, make: (source: string) => unknown): unknown {
  const open: object[] = []
  const read = (value: unknown): unknown => {
    if (typeof value === 'string' && value.startsWith(mark)) return make(value.slice(mark.length))
    if (typeof value === 'object' && value !== null) open.push(value)
    return value
  }
  const whole = read(root)
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    if (Array.isArray(container)) for (let i = 0; i < container.length; i++) container[i] = read(container[i])
    else for (const [key, value] of Object.entries(container)) Reflect.set(container, key, read(value))
  }
  return whole
}

/** Whether a value is a number with more digits than a double has. */
export function isExactNumber(value: unknown): value is ExactNumber {
  return JSON.isRawJSON(value)
}

/** One text for equal numbers: that of the double where it has the same value, which is RFC 8785's; else all digits and an exponent. */
export function canonicalNumber({ rawJSON: source }: ExactNumber): string {
  const double = Number(source)
  if (isEqual(double, source)) return String(double)
  const { sign, digits, exponent } = decimalOf(source)
  return `${sign}${digits}${exponent === 0 ? '' : `e${exponent}`}`
}

/** Whether there is an exact number in a JSON value. */
export function hasExactNumber(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return isExactNumber(value) || (Array.isArray(value) ? value : Object.values(value)).some(hasExactNumber)
}

/** A JSON value with what was made of each exact number in its place. */
export function mapExactNumbers(value: unknown, make: (number: ExactNumber) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isExactNumber(value)) return make(value)
  if (Array.isArray(value)) return value.map((item) => mapExactNumbers(item, make))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapExactNumbers(item, make)]))
}

function isKept(double: number, source: string): boolean {
  const written = String(double)
  if (written === source) return true
  const hasExponent = written.includes('e')
  return (!hasExponent || /e/i.test(source)) && isEqual(double, source)
}

function isEqual(double: number, source: string): boolean {
  if (!Number.isFinite(double)) return false
  const [a, b] = [decimalOf(String(double)), decimalOf(source)]
  return a.digits === b.digits && a.exponent === b.exponent && a.sign === b.sign
}

/** The value of a number as a whole one without zeros at its ends, and the power of ten that it is taken with. */
function decimalOf(source: string): { sign: string; digits: string; exponent: number } {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source) ?? []
  const padded = `${whole}${fraction}`.replace(/^0+/, '')
  // Not /0+$/, which takes the square of a row of zeros with another digit behind it.
  let length = padded.length
  while (padded[length - 1] === '0') length--
  const digits = padded.slice(0, length)
  if (digits === '') return { sign: '', digits: '0', exponent: 0 }
  return { sign, digits, exponent: Number(power) - fraction.length + padded.length - digits.length }
}
