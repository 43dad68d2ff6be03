import { Decimal } from 'decimal.js'
import type { Comparable } from 'liquidjs'
import type { ExactNumber } from '../../db/exact-json.ts'
import { TemplateFault } from './template-fault.ts'

/** A number with more digits counts as a double. */
export const MAX_DIGITS = 400
/** As many digits as the product of two numbers has. What is written is written out, without an exponent. */
export const Exact = Decimal.clone({
  precision: 2 * MAX_DIGITS,
  toExpPos: 4 * MAX_DIGITS,
  toExpNeg: -4 * MAX_DIGITS,
  rounding: Decimal.ROUND_HALF_UP,
})

/** A number with more digits than a double has, as templates see it: no key of it leads anywhere. */
export class LongNumber implements Comparable {
  readonly #source: string
  #decimal: Decimal | undefined

  /** @param source as JSON writes numbers. */
  constructor(source: string) {
    this.#source = source
  }

  /** Read once: to sort a list asks for it often. */
  get decimal(): Decimal {
    this.#decimal ??= readDecimal(this.#source)
    return this.#decimal
  }

  toString(): string {
    return this.#source
  }

  valueOf(): number {
    return Number(this.#source)
  }

  toJSON(): ExactNumber {
    return JSON.rawJSON(this.#source)
  }

  equals(other: unknown): boolean {
    return isNumeric(other) && this.decimal.eq(toDecimal(other))
  }

  gt(other: unknown): boolean {
    return this.decimal.gt(toComparable(other))
  }

  geq(other: unknown): boolean {
    return this.decimal.gte(toComparable(other))
  }

  lt(other: unknown): boolean {
    return this.decimal.lt(toComparable(other))
  }

  leq(other: unknown): boolean {
    return this.decimal.lte(toComparable(other))
  }
}

export function isNumeric(value: unknown): value is number | LongNumber {
  return typeof value === 'number' || value instanceof LongNumber
}

/** What Liquid takes for a number; 0 for what is none. */
export function toDecimal(value: unknown): Decimal {
  const decimal = readAny(value)
  return decimal.isNaN() ? new Exact(0) : decimal
}

/**
 * A double where it has the same value and is written without an exponent; else one with all its digits.
 *
 * @throws TemplateFault for more than a double can be
 */
export function toNumber(decimal: Decimal): number | LongNumber {
  if (!decimal.isFinite()) throw new TemplateFault('makes too large a number')
  const double = decimal.toNumber()
  return decimal.eq(double) && !String(double).includes('e') ? double : new LongNumber(decimal.toString())
}

/** What is no number, like `nil` and `empty`, is neither more nor less than one. */
function toComparable(value: unknown): Decimal {
  return isNumeric(value) || typeof value === 'string' ? readAny(value) : new Exact(Number.NaN)
}

function readAny(value: unknown): Decimal {
  if (value instanceof LongNumber) return value.decimal
  if (typeof value === 'object' && value !== null) return new Exact(Number.NaN)
  return typeof value === 'string' ? readDecimal(value.trim()) : new Exact(Number(value))
}

function readDecimal(text: string): Decimal {
  if (text.length <= MAX_DIGITS && /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) {
    const decimal = new Exact(text)
    if (Math.abs(decimal.e) <= MAX_DIGITS) return decimal
  }
  return new Exact(Number(text))
}
