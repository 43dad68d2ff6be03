import { pointerOf } from '../text/json-pointer.ts'
import { heldNumber } from './exact-number.ts'

/** From one character of a text to another. */
export type Range = { from: number; to: number }

/** What a text of JSON says, and where each of its values stands, by JSON pointer; or where it stops to be JSON, and why. */
export type Reading = { value: unknown; ranges: ReadonlyMap<string, Range> } | { fault: Fault }
export type Fault = { at: number; message: string }

const MAX_DEPTH = 200
const SPACE = /[ \t\n\r]*/y
// Each character can be read in one way alone: a text without an end takes no longer than another.
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

class Malformed extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** Reads JSON as JSON.parse does, but numbers stay exact, a key that stands twice is a fault, and every place is known. */
export function readJson(text: string): Reading {
  const reader = new Reader(text)
  try {
    return { value: reader.readAll(), ranges: reader.ranges }
  } catch (error) {
    if (error instanceof Malformed) return { fault: { at: error.at, message: error.message } }
    throw error
  }
}

/** The line and column of a place in a text, counted from 1. */
export function lineAndColumn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

class Reader {
  readonly ranges = new Map<string, Range>()
  readonly #text: string
  #at = 0
  #depth = 0
  #pointer = ''

  constructor(text: string) {
    this.#text = text
  }

  readAll(): unknown {
    const value = this.#value()
    this.#match(SPACE)
    if (this.#at < this.#text.length) throw new Malformed(this.#at, 'nothing may stand after the end')
    return value
  }

  #value(): unknown {
    this.#match(SPACE)
    const from = this.#at
    if (this.#depth > MAX_DEPTH) throw new Malformed(from, 'this is too deep')
    const value = this.#unlocated()
    this.ranges.set(this.#pointer, { from, to: this.#at })
    return value
  }

  #unlocated(): unknown {
    const first = this.#text[this.#at]
    if (first === '{') return this.#object()
    if (first === '[') return this.#array()
    if (first === '"') return this.#string()
    for (const [word, value] of WORDS) if (this.#take(word)) return value
    const number = this.#match(NUMBER)
    if (number) return heldNumber(number)
    throw new Malformed(this.#at, first === undefined ? 'a value is missing' : 'a value was expected here')
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    this.#list('{', '}', () => {
      this.#match(SPACE)
      const at = this.#at
      if (this.#text[at] !== '"') throw new Malformed(at, 'a key in double quotes was expected here')
      const key = this.#string()
      if (Object.hasOwn(object, key)) throw new Malformed(at, `the key ${JSON.stringify(key)} stands here twice`)
      this.#match(SPACE)
      if (!this.#take(':')) throw new Malformed(this.#at, 'a colon was expected here')
      const value = this.#inside(key)
      // A key may be `__proto__`, which an assignment would take for something else.
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
    })
    return object
  }

  #array(): unknown[] {
    const array: unknown[] = []
    this.#list('[', ']', () => array.push(this.#inside(array.length)))
    return array
  }

  #list(open: string, close: string, readOne: () => void): void {
    this.#take(open)
    this.#match(SPACE)
    if (this.#take(close)) return
    do {
      readOne()
      this.#match(SPACE)
    } while (this.#take(','))
    if (!this.#take(close)) throw new Malformed(this.#at, `a comma or ${close} was expected here`)
  }

  #inside(key: string | number): unknown {
    const around = this.#pointer
    this.#pointer += pointerOf([key])
    this.#depth++
    const value = this.#value()
    this.#depth--
    this.#pointer = around
    return value
  }

  #string(): string {
    const at = this.#at
    const token = this.#match(STRING)
    if (!token) throw new Malformed(at, 'this text does not end')
    try {
      return JSON.parse(token)
    } catch {
      throw new Malformed(
        at,
        'a line break or another control character in this text, or what follows a \\ in it, is not JSON',
      )
    }
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }
}
