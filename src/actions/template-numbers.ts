import { Decimal } from 'decimal.js'
import { type Comparable, type Context, type Liquid, type Template, Token, TokenKind } from 'liquidjs'
import type { ExactNumber } from '../../db/exact-json.ts'
import { type Handler, walk } from './template-engine.ts'

/** A number with more digits counts as a double. */
const MAX_DIGITS = 400
/** As many as the product of two numbers has; and what is written is written out. */
const Exact = Decimal.clone({
  precision: 2 * MAX_DIGITS,
  toExpPos: 2 * MAX_DIGITS,
  toExpNeg: -7,
  rounding: Decimal.ROUND_HALF_UP,
})
/** Those of a quotient that has no end, as of a double. */
const QUOTIENT_DIGITS = 16

/** A number with more digits than a double has, as templates see it: no key of it leads anywhere. */
export class LongNumber implements Comparable {
  readonly #source: string

  /** @param source as JSON writes numbers. */
  constructor(source: string) {
    this.#source = source
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
    return isNumeric(other) && toDecimal(this).eq(toDecimal(other))
  }

  gt(other: unknown): boolean {
    return toDecimal(this).gt(toDecimal(other))
  }

  geq(other: unknown): boolean {
    return toDecimal(this).gte(toDecimal(other))
  }

  lt(other: unknown): boolean {
    return toDecimal(this).lt(toDecimal(other))
  }

  leq(other: unknown): boolean {
    return toDecimal(this).lte(toDecimal(other))
  }
}

/** Lets the numbers that stand in templates keep their digits. */
export function keepDigits(templates: Template[], liquid: Liquid): void {
  walk(templates, liquid, (node) => {
    if (!(node instanceof Token) || node.kind !== TokenKind.Number || !('content' in node)) return
    node.content = toNumber(new Exact(node.getText()))
  })
}

/**
 * The filters that calculate, in decimals: `0.0725 | times: 100` is 7.25. Sums, differences and products are exact, quotients where they
 * have an end; what has none is rounded to 16 digits, as many as Liquid in Ruby shows.
 */
export const ARITHMETIC: Record<string, Handler> = {
  abs: arithmetic((v) => v.abs()),
  at_least: arithmetic((v, least) => Exact.max(v, least)),
  at_most: arithmetic((v, most) => Exact.min(v, most)),
  ceil: arithmetic((v) => v.ceil()),
  floor: arithmetic((v) => v.floor()),
  round: arithmetic(round),
  plus: arithmetic((a, b) => a.plus(b)),
  minus: arithmetic((a, b) => a.minus(b)),
  times: arithmetic((a, b) => a.times(b)),
  divided_by: (a: unknown, b: unknown, isWhole = false) => {
    const quotient = divide(toDecimal(a), toDecimal(b))
    return toNumber(isWhole ? quotient.floor() : quotient)
  },
  modulo: arithmetic((a, b) => a.mod(b).plus(b).mod(b)),
  to_integer: (v: unknown) => (isNumeric(v) || typeof v === 'string' ? toNumber(toDecimal(v)) : Number(v)),
  *sum(this: { context: Context }, items: unknown, property?: unknown) {
    let sum = new Exact(0)
    for (const item of listOf(items)) sum = sum.plus(toDecimal(yield* propertyOf(this.context, item, property)))
    return toNumber(sum)
  },
  *sort(this: { context: Context }, items: unknown, property?: unknown) {
    const list = listOf(items)
    this.context.memoryLimit.use(list.length)
    const keyed: [item: unknown, key: unknown][] = []
    for (const item of list) keyed.push([item, yield* propertyOf(this.context, item, property)])
    return keyed.sort(([, a], [, b]) => compare(a, b)).map(([item]) => item)
  },
}

function arithmetic(calculate: (a: Decimal, b: Decimal) => Decimal): Handler {
  return (a: unknown, b: unknown) => toNumber(calculate(toDecimal(a), toDecimal(b)))
}

function divide(a: Decimal, b: Decimal): Decimal {
  const quotient = a.div(b)
  const hasEnd = !quotient.isFinite() || quotient.precision() <= MAX_DIGITS
  return hasEnd ? quotient : quotient.toSignificantDigits(QUOTIENT_DIGITS)
}

/** @param places behind the point; in front of it where there are fewer than none. */
function round(v: Decimal, places: Decimal): Decimal {
  const count = Math.max(-MAX_DIGITS, Math.min(MAX_DIGITS, places.trunc().toNumber()))
  if (count >= 0) return v.toDecimalPlaces(count)
  const unit = new Exact(10).pow(-count)
  return v.div(unit).round().times(unit)
}

function isNumeric(value: unknown): value is number | LongNumber {
  return typeof value === 'number' || value instanceof LongNumber
}

/** What Liquid takes for a number; 0 for what is none. */
function toDecimal(value: unknown): Decimal {
  const text = value instanceof LongNumber || typeof value === 'string' ? String(value).trim() : ''
  if (/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) && text.length <= MAX_DIGITS) {
    const decimal = new Exact(text)
    if (Math.abs(decimal.e) <= MAX_DIGITS) return decimal
  }
  return new Exact(Number(value) || 0)
}

/** A double where it has the same value and is written without an exponent; else one with all its digits. */
function toNumber(decimal: Decimal): number | LongNumber {
  const double = decimal.toNumber()
  const isKept = !Number.isFinite(double) || (decimal.eq(double) && !String(double).includes('e+'))
  return isKept ? double : new LongNumber(decimal.toString())
}

function listOf(items: unknown): unknown[] {
  if (items === null || items === undefined) return []
  return Array.isArray(items) ? items : [items]
}

function* propertyOf(context: Context, item: unknown, property: unknown): Generator<unknown, unknown, unknown> {
  return property ? yield context._getFromScope(item as object, String(property).split('.'), false) : item
}

/** As Liquid orders: what is not there comes last. */
function compare(a: unknown, b: unknown): number {
  const [isNoA, isNoB] = [a === null || a === undefined, b === null || b === undefined]
  if (isNoA || isNoB) return Number(isNoA) - Number(isNoB)
  if (isNumeric(a) && isNumeric(b)) return toDecimal(a).cmp(toDecimal(b))
  const [left, right] = [a as string, b as string]
  return left < right ? -1 : left > right ? 1 : 0
}
