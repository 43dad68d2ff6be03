import { AssertionError, LiquidError, ParseError, type Template, type Token, TokenizationError } from 'liquidjs'
import { canonicalNumber, isExactNumber } from '../../db/exact-json.ts'
import { remember } from '../remember.ts'
import { storableText } from '../storable.ts'
import { LongNumber } from './decimals.ts'
import { checkRanges, createEngine, TemplateFault } from './template-engine.ts'
import { keepDigits, NUMBER_FILTERS } from './template-numbers.ts'
import { guardSecrets, type SecretUse, useSecrets } from './template-secrets.ts'

export type { SecretUse }

/** A template that can't be read or filled in. The message is for people, with line and column where they are known. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  /** Whether it may be filled in where the limits are wider. */
  readonly isLimit: boolean

  constructor(message: string, { isLimit = false } = {}) {
    super(message)
    this.isLimit = isLimit
  }
}

/** How much filling in may take. */
export type Limits = {
  /** Milliseconds by the clock, for all texts together. */
  ms: number
  /** Characters and items that the filters of one text may read and make. */
  units: number
  /** Values in the scope. */
  nodes: number
}

export const MAX_TEMPLATE_LENGTH = 10_000
const MAX_OUTPUT_LENGTH = 20_000
/** Of all templates of one action: to read them takes up to two milliseconds for 1,000 characters, where a run begins too. */
export const MAX_TEMPLATES_LENGTH = 50_000
/** What an action may send, a mebibyte, can't be longer. */
const MAX_OUTPUTS_LENGTH = 1_048_576
const CHECKS_KEPT = 500
const MAX_REASON_LENGTH = 200
/** What is wrong with more than {@link MAX_TEMPLATES_LENGTH}. */
export const TEMPLATES_TOO_LONG = `all templates together must not be longer than ${MAX_TEMPLATES_LENGTH} characters`
const TOO_LONG = 'takes too long'
const TOO_MUCH = 'makes too much text or too many items'
const ENGINE = createEngine({ parseLimit: MAX_TEMPLATE_LENGTH, filters: NUMBER_FILTERS })

/** Whether a text is anything but itself when it is filled in. */
export function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%')
}

/** What is plain of a template: what is wrong with it, where something is, and the names of the secrets that it fills in. */
export type TemplateCheck = { problem: string | undefined; secrets: string[] }

/**
 * Reads a template without filling it in. What depends on values shows when it is filled in.
 *
 * @param takesSecrets whether it may name secrets.
 */
export function checkTemplate(text: string, { takesSecrets = false } = {}): TemplateCheck {
  if (!isTemplate(text) && text.length <= MAX_TEMPLATE_LENGTH) return { problem: undefined, secrets: [] }
  return takesSecrets ? checkWithSecrets(text) : checkWithout(text)
}

/** What is saved is read again when it is approved, previewed and run. */
const checkWithSecrets = remember((text) => check(text, true), CHECKS_KEPT)
const checkWithout = remember((text) => check(text, false), CHECKS_KEPT)

function check(text: string, takesSecrets: boolean): TemplateCheck {
  try {
    return { problem: undefined, secrets: parse(text, takesSecrets).secrets }
  } catch (error) {
    return { problem: explain(error).message, secrets: [] }
  }
}

/** A text that was filled in; `isReplaced` where something in it can't be stored, and U+FFFD stands in its place. */
export type FilledText = { text: string; isReplaced: boolean }

/**
 * Makes what fills in Liquid templates, all of them within one limit of time that begins now. What is not in scope is empty. The
 * scope is plain JSON; templates see a copy of it, and nothing but its own keys; none sees what another one did.
 *
 * Bounded besides, in characters: 10,000 of a template and 50,000 of all, 20,000 of a text and a mebibyte of all.
 *
 * @param secrets those that templates may fill in, where they may.
 * @returns what throws TemplateError.
 */
export function createFiller(
  scope: Readonly<Record<string, unknown>>,
  { ms, units, nodes }: Limits,
  secrets?: SecretUse,
): (text: string) => FilledText {
  const deadline = performance.now() + ms
  let copied: object | undefined
  let read = 0
  let written = 0
  return (text) => {
    if (!isTemplate(text)) return { text, isReplaced: false }
    try {
      read += text.length
      if (read > MAX_TEMPLATES_LENGTH) throw new TemplateFault(TEMPLATES_TOO_LONG)
      const { templates } = parse(text, secrets !== undefined)
      copied ??= copyScope(scope, nodes)
      // Tags may write to it, beside what is in it.
      const own = Object.assign(Object.create(null), copied)
      if (secrets !== undefined) useSecrets(own, secrets)
      const left = deadline - performance.now()
      if (left <= 0) throw new TemplateError(TOO_LONG, { isLimit: true })
      const made = String(ENGINE.renderSync(templates, own, { renderLimit: left, memoryLimit: units }))
      if (made.length > MAX_OUTPUT_LENGTH)
        throw new TemplateFault(`is longer than ${MAX_OUTPUT_LENGTH} characters when it is filled in`)
      written += made.length
      if (written > MAX_OUTPUTS_LENGTH)
        throw new TemplateFault(`all texts are longer than ${MAX_OUTPUTS_LENGTH} characters when they are filled in`)
      return storableText(made)
    } catch (error) {
      throw explain(error)
    }
  }
}

function parse(text: string, takesSecrets: boolean): { templates: Template[]; secrets: string[] } {
  if (text.length > MAX_TEMPLATE_LENGTH)
    throw new TemplateFault(`must not be longer than ${MAX_TEMPLATE_LENGTH} characters`)
  const templates = ENGINE.parse(text)
  checkRanges(templates, ENGINE)
  if (/\d[\d.]{15}/.test(text)) keepDigits(templates, ENGINE)
  const secrets = text.includes('secrets') ? guardSecrets(templates, ENGINE, takesSecrets) : []
  return { templates, secrets }
}

/**
 * The scope without prototypes, so that no key leads out of the data.
 *
 * @param most values that it may have.
 */
function copyScope(scope: object, most: number): object {
  let count = 0
  /** One for each value, because `group_by` asks whether they are the same. */
  const long = new Map<string, LongNumber>()
  const copy = (value: unknown): unknown => {
    if (++count > most) throw new TemplateError(TOO_MUCH, { isLimit: true })
    if (Array.isArray(value)) return value.map(copy)
    if (typeof value !== 'object' || value === null) return value
    if (isExactNumber(value)) {
      const key = canonicalNumber(value)
      const number = long.get(key) ?? new LongNumber(value.rawJSON)
      long.set(key, number)
      return number
    }
    const made: Record<string, unknown> = Object.create(null)
    for (const [key, item] of Object.entries(value)) made[key] = copy(item)
    return made
  }
  return Object(copy(scope))
}

function explain(error: unknown): TemplateError {
  if (error instanceof TemplateError) return error
  if (error instanceof TemplateFault) return new TemplateError(error.message)
  const reason = reasonOf(error)
  const isLimit = reason === TOO_LONG || reason === TOO_MUCH
  if (!(error instanceof LiquidError)) return new TemplateError(reason, { isLimit })
  const [line, column] = positionOf(error)
  return new TemplateError(`line ${line}, column ${column}: ${reason}`, { isLimit })
}

/** Only what was written for people passes: the message of any other error would tell of the program. */
function reasonOf(error: unknown): string {
  const cause = error instanceof LiquidError ? (error.originalError ?? error) : error
  if (cause instanceof TemplateFault) return cause.message
  const message = cause instanceof Error ? cause.message : ''
  if (cause instanceof RangeError && message.includes('call stack')) return 'is nested too deeply'
  if (cause instanceof RangeError && message.includes('length')) return 'makes too much text'
  if (message.startsWith('memory alloc limit')) return TOO_MUCH
  if (message.startsWith('template render limit')) return TOO_LONG
  const isForPeople =
    cause instanceof AssertionError || error instanceof ParseError || error instanceof TokenizationError
  if (!isForPeople || cause instanceof TypeError) return 'cannot be filled in'
  return message.replace(/, line:\d+, col:\d+$/, '').slice(0, MAX_REASON_LENGTH)
}

function positionOf(error: LiquidError): [line: number, column: number] {
  const token: Token = error.token
  const [line = 1, column = 1] = token.getPosition()
  return [line, column]
}
