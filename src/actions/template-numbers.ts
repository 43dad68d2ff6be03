import type { Decimal } from 'decimal.js'
import { type Context, filters, Token, TokenKind } from 'liquidjs'
import { Exact, isNumeric, LongNumber, MAX_DIGITS, toDecimal, toNumber } from './decimals.ts'
import type { Handler, Visit } from './template-engine.ts'
import { TemplateFault } from './template-fault.ts'

/** Those of a quotient that has no end, as of a double. */
const QUOTIENT_DIGITS = 16
/** A double gives back a number of as many. */
const DOUBLE_DIGITS = 15
/** In seconds, the last of those that a Date has. */
const MAX_TIME = 8.64e12

/** Lets a number that stands in a template keep its digits. */
export const keepDigits: Visit = (node) => {
  if (!(node instanceof Token) || node.kind !== TokenKind.Number || !('content' in node)) return
  const text = node.getText()
  if (text.length > DOUBLE_DIGITS) node.content = toNumber(new Exact(text))
}

/**
 * The filters that calculate, in decimals: `0.0725 | times: 100` is 7.25. Sums, differences and products are exact, quotients where they
 * have an end; what has none is rounded to 16 digits, as many as Liquid in Ruby shows.
 */
const ARITHMETIC: Record<string, Handler> = {
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
  modulo: arithmetic((a, b) => a.mod(divisor(b)).plus(b).mod(b)),
  to_integer: (v: unknown) => (isNumeric(v) || typeof v === 'string' ? toNumber(toDecimal(v)) : Number(v)),
  *sum(this: { context: Context }, items: unknown, property?: unknown) {
    let sum = new Exact(0)
    for (const item of listOf(items)) {
      this.context.renderLimit.check(performance.now())
      sum = sum.plus(toDecimal(yield* propertyOf(this.context, item, property)))
    }
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

const DATES = ['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string']

/** The filters that know of numbers with more digits than a double has, instead of those of Liquid. */
export const NUMBER_FILTERS: Record<string, Handler> = {
  ...ARITHMETIC,
  ...Object.fromEntries(DATES.map((name) => [name, ofSeconds(filters[name] as Handler)])),
}

/** A filter that takes numbers for seconds since 1970: a time in nanoseconds, divided, has more digits than a double. */
function ofSeconds(filter: Handler): Handler {
  return function (value: unknown, ...args: unknown[]) {
    return filter.call(this, value instanceof LongNumber ? timeOf(value) : value, ...args)
  }
}

/** What is no time stays a text, to be shown as it is. */
function timeOf(number: LongNumber): number | string {
  return Math.abs(Number(number)) <= MAX_TIME ? Number(number) : String(number)
}

function arithmetic(calculate: (a: Decimal, b: Decimal) => Decimal): Handler {
  return (a: unknown, b: unknown) => toNumber(calculate(toDecimal(a), toDecimal(b)))
}

function divide(a: Decimal, b: Decimal): Decimal {
  const quotient = a.div(divisor(b))
  const hasEnd = !quotient.isFinite() || quotient.precision() <= MAX_DIGITS
  return hasEnd ? quotient : quotient.toSignificantDigits(QUOTIENT_DIGITS)
}

function divisor(number: Decimal): Decimal {
  if (number.isZero()) throw new TemplateFault('divides by zero')
  return number
}

/** @param places behind the point; in front of it where there are fewer than none. */
function round(v: Decimal, places: Decimal): Decimal {
  const count = Math.max(-MAX_DIGITS, Math.min(MAX_DIGITS, places.trunc().toNumber()))
  if (count >= 0) return v.toDecimalPlaces(count)
  const unit = new Exact(10).pow(-count)
  return v.div(unit).round().times(unit)
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
  // Doubles by themselves: to make decimals of a million of them would take minutes.
  if (a instanceof LongNumber || b instanceof LongNumber)
    if (isNumeric(a) && isNumeric(b)) return toDecimal(a).cmp(toDecimal(b))
  // An object, or a list, has no place among others, and one of its keys may be what would make it a text.
  if (typeof a === 'object' || typeof b === 'object') return 0
  const [left, right] = [a as string, b as string]
  return left < right ? -1 : left > right ? 1 : 0
}
