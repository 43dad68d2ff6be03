import { type ExactNumber, isExactNumber } from '../db/exact-json.ts'
import type { ErrorDetail } from './errors.ts'
import { escapePointer } from './json-pointer.ts'

const MAX_DEPTH = 32
const MAX_KEYS = 1000
const MAX_ITEMS = 10_000
const MAX_TEXT_LENGTH = 262_144
const MAX_KEY_LENGTH = 256
/** What stands for a character that can't be read, or kept. */
export const REPLACEMENT = '\ufffd'

/**
 * Looks through a JSON value for the first thing that can't or shan't be stored: text with `\u0000` or a lone
 * surrogate (Postgres can't hold either), a number beyond the range of a double, a key that reaches a prototype, and
 * anything deeper, wider or longer than the limits above.
 *
 * @param within the key under which the value stands.
 * @returns where it is and what is wrong there, or undefined when all is well.
 */
export function firstUnstorable(value: unknown, path = '', depth = 0, within = ''): ErrorDetail | undefined {
  if (typeof value === 'string') {
    const message = unstorableText(value)
    return message === undefined ? undefined : { path, message }
  }
  if (typeof value === 'number' || isExactNumber(value)) {
    const message = unstorableNumber(value)
    return message === undefined ? undefined : { path, message }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth >= MAX_DEPTH) return { path, message: `is nested deeper than ${MAX_DEPTH} levels` }
  return Array.isArray(value) ? inArray(value, path, depth) : inObject(value, path, depth, within)
}

/** Digits are no limit, the range of a double is: no client has to make room for the zeros of 1e-999999999. */
function unstorableNumber(value: number | ExactNumber): string | undefined {
  const double = isExactNumber(value) ? Number(value.rawJSON) : value
  if (!Number.isFinite(double)) return 'the number is too large'
  return isExactNumber(value) && double === 0 ? 'the number is too small' : undefined
}

/** What is wrong with a text, or undefined. */
export function unstorableText(text: string): string | undefined {
  if (text.length > MAX_TEXT_LENGTH) return `is longer than ${MAX_TEXT_LENGTH} characters`
  if (text.includes('\u0000')) return 'must not contain the character U+0000'
  if (!text.isWellFormed()) return 'must not contain a lone surrogate'
  return undefined
}

/** A text as it can be stored: U+FFFD stands where U+0000 or a lone surrogate was, and `isReplaced` says that one was. */
export function storableText(text: string): { text: string; isReplaced: boolean } {
  if (!text.includes('\0') && text.isWellFormed()) return { text, isReplaced: false }
  return { text: text.replaceAll('\0', REPLACEMENT).toWellFormed(), isReplaced: true }
}

function inArray(items: unknown[], path: string, depth: number): ErrorDetail | undefined {
  if (items.length > MAX_ITEMS) return { path, message: `has more than ${MAX_ITEMS} items` }
  for (const [index, item] of items.entries()) {
    const wrong = firstUnstorable(item, `${path}/${index}`, depth + 1)
    if (wrong) return wrong
  }
  return undefined
}

function inObject(object: object, path: string, depth: number, within: string): ErrorDetail | undefined {
  const entries = Object.entries(object)
  if (entries.length > MAX_KEYS) return { path, message: `has more than ${MAX_KEYS} keys` }
  for (const [key, item] of entries) {
    const keyPath = `${path}/${escapePointer(key.slice(0, MAX_KEY_LENGTH).toWellFormed())}`
    if (reachesPrototype(key, within)) return { path: keyPath, message: 'is not an allowed key' }
    if (key.length > MAX_KEY_LENGTH)
      return { path: keyPath, message: `the key is longer than ${MAX_KEY_LENGTH} characters` }
    const message = unstorableText(key)
    const wrong =
      message === undefined
        ? firstUnstorable(item, keyPath, depth + 1, key)
        : { path: keyPath, message: `the key ${message}` }
    if (wrong) return wrong
  }
  return undefined
}

/** What leads careless code further on to an object's prototype. `constructor` and `prototype` alone are plain words. */
function reachesPrototype(key: string, within: string): boolean {
  return key === '__proto__' || (key === 'prototype' && within === 'constructor')
}
