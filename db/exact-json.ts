/** A number with more digits than a double has. JSON.stringify writes it as it was read; there is nothing else to do with it. */
export type ExactNumber = { readonly rawJSON: string }

// Of ECMAScript's "JSON.parse source text access", which the libraries of TypeScript don't have yet.
declare global {
  interface JSON {
    rawJSON(text: string): ExactNumber
    isRawJSON(value: unknown): value is ExactNumber
    parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
  }
}

/** Numbers of 16 digits or more, or with an exponent of three, in strings too: a double gives fifteen digits back (IEEE 754). */
const SUSPECTS = /[[:,\s](-?\d(?:[\d.]{15,}(?:[eE][+-]?\d+)?|[\d.]*[eE][+-]?\d{3,}))/g

/**
 * JSON.parse that loses no digits: a number that a double can't give back, or only with an exponent where its sender wrote none, is
 * an {@link ExactNumber}. Every other number is a number.
 *
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  // To ask about each value takes ten times as long, and is worth it for few texts.
  if (!hasLongNumber(text)) return JSON.parse(text)
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && !isKept(value, source) ? JSON.rawJSON(source) : value,
  )
}

function hasLongNumber(text: string): boolean {
  for (const [, source = ''] of text.matchAll(SUSPECTS)) if (!isKept(Number(source), source)) return true
  return /^-?\d/.test(text)
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
  return written === source || (isEqual(double, source) && (!written.includes('e') || /e/i.test(source)))
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
  const digits = padded.replace(/0+$/, '')
  if (digits === '') return { sign: '', digits: '0', exponent: 0 }
  return { sign, digits, exponent: Number(power) - fraction.length + padded.length - digits.length }
}
