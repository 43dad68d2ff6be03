import { AssertionError, LiquidError, ParseError, type Template, type Token, TokenizationError } from 'liquidjs'
import { canonicalNumber, parseWith } from '../../db/exact-json.ts'
import type { ErrorDetail } from '../errors.ts'
import { remember } from '../remember.ts'
import { storableText } from '../storable.ts'
import { LongNumber } from './decimals.ts'
import type { Scope } from './scope.ts'
import { checkRange, createEngine, hasReplaced, walk } from './template-engine.ts'
import { TemplateFault } from './template-fault.ts'
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
}

export const MAX_TEMPLATE_LENGTH = 10_000
const MAX_OUTPUT_LENGTH = 20_000
/** Of all templates of one action. */
const MAX_TEMPLATES_LENGTH = 50_000
/** Of what stands in {{ … }} and {% … %} in them: to read 1,000 of these takes up to a millisecond, wherever a config is looked at. */
const MAX_CODE_LENGTH = 10_000
/** What an action may send, a mebibyte, can't be longer. */
const MAX_OUTPUTS_LENGTH = 1_048_576
/** As many characters of it take no time worth speaking of. */
export const CODE_READ_AT_ONCE = 1000
const CHECKS_KEPT = 1000
/** Templates that are kept as they were parsed, and how long one may be for that. */
const PARSED_KEPT = 500
const PARSED_LENGTH = 1000
const MAX_REASON_LENGTH = 200
const TEMPLATES_TOO_LONG = `all templates together must not be longer than ${MAX_TEMPLATES_LENGTH} characters`
const CODE_TOO_LONG = `what stands in {{ }} and {% %} must not be longer than ${MAX_CODE_LENGTH} characters in all templates together`
const NO_SECRETS = 'a secret can be used in url, headers and body of an http_request, and nowhere else'
const TOO_LONG = 'takes too long'
const TOO_MUCH = 'makes too much text or too many items'
const ENGINE = createEngine({ parseLimit: MAX_TEMPLATE_LENGTH, filters: NUMBER_FILTERS })

/** Whether a text is anything but itself when it is filled in. */
export function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%')
}

/** The characters of texts that stand in {{ … }} and {% … %}: what it takes to read them goes by these. */
export function codeLength(texts: readonly string[]): number {
  let length = 0
  for (const text of texts)
    for (const [code] of text.matchAll(/\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)/gs)) length += code.length
  return length
}

/** What keeps the templates of one action from being read, so many are they; undefined where nothing does. */
export function lengthProblem(texts: readonly string[]): string | undefined {
  const templates = texts.filter(isTemplate)
  if (templates.reduce((sum, { length }) => sum + length, 0) > MAX_TEMPLATES_LENGTH) return TEMPLATES_TOO_LONG
  return codeLength(templates) > MAX_CODE_LENGTH ? CODE_TOO_LONG : undefined
}

/** What is plain of a template: what is wrong with it, where something is, and the names of the secrets that it fills in. */
export type TemplateCheck = { problem: string | undefined; secrets: string[] }

/**
 * Reads a template without filling it in. What depends on values shows when it is filled in.
 *
 * @param takesSecrets whether it may name secrets.
 */
export function checkTemplate(text: string, { takesSecrets = false } = {}): TemplateCheck {
  const check = isTemplate(text) || text.length > MAX_TEMPLATE_LENGTH ? CHECKS.of(text) : NOTHING
  return !takesSecrets && check.secrets.length > 0 ? { problem: NO_SECRETS, secrets: [] } : check
}

/** What is wrong with the `text` of an action that takes no secrets. Paths are JSON pointers into its config. */
export function textProblems(text: string | undefined): ErrorDetail[] {
  const message = text === undefined ? undefined : checkTemplate(text).problem
  return message === undefined ? [] : [{ path: '/text', message }]
}

const NOTHING: TemplateCheck = { problem: undefined, secrets: [] }
/** What is saved is read again when it is approved, previewed and run. */
const CHECKS = remember(readTemplate, CHECKS_KEPT)

/** Those of an action's texts that have yet to be read, where that takes more than a moment. */
export function slowToRead(texts: readonly string[]): string[] {
  if (lengthProblem(texts) !== undefined) return []
  const unread = texts.filter((text) => isTemplate(text) && !CHECKS.has(text))
  return codeLength(unread) > CODE_READ_AT_ONCE ? unread : []
}

/** Tells what was found of texts elsewhere, by {@link readTemplate}. */
export function learnChecks(checks: readonly [text: string, check: TemplateCheck][]): void {
  for (const [text, check] of checks) CHECKS.set(text, check)
}

/** What {@link checkTemplate} says of a text that may name secrets. */
export function readTemplate(text: string): TemplateCheck {
  try {
    return { problem: undefined, secrets: parse(text).secrets }
  } catch (error) {
    return { problem: explain(error).message, secrets: [] }
  }
}

/**
 * What templates may say: an object, and the body of the event in it where that is not in there. As JSON texts, but that an object may be
 * given as it is where all of its numbers are doubles.
 */
export type ScopeText = {
  scope: string | Scope
  eventBody?: string | undefined
  /** Told where a template asks when its automation ran before, by whichever way: where that has not been read. */
  onLastRun?: (() => void) | undefined
}

/** A text that was filled in; `isReplaced` where something in it can't be stored, and U+FFFD stands in its place. */
export type FilledText = { text: string; isReplaced: boolean }

/**
 * Makes what fills in Liquid templates, all of them within one limit of time, which begins with the first of them when the scope has
 * been read. What is not in scope is empty. Templates see nothing but its own keys; none sees what another one did.
 *
 * Bounded besides, in characters: 10,000 of a template and 50,000 of all, 20,000 of a text and a mebibyte of all.
 *
 * @param secrets those that templates may fill in, where they may.
 * @returns what throws TemplateError.
 */
export function createFiller(
  source: ScopeText,
  { ms, units }: Limits,
  secrets?: SecretUse,
): (text: string) => FilledText {
  let begun: { scope: object; deadline: number } | undefined
  let read = 0
  let written = 0
  return (text) => {
    if (!isTemplate(text)) return { text, isReplaced: false }
    try {
      begun ??= { scope: readScope(source), deadline: performance.now() + ms }
      read += text.length
      if (read > MAX_TEMPLATES_LENGTH) throw new TemplateFault(TEMPLATES_TOO_LONG)
      const { templates, secrets: named } = parse(text)
      if (named.length > 0 && secrets === undefined) throw new TemplateFault(NO_SECRETS)
      // Tags may write to it, beside what is in it.
      const own = Object.assign(Object.create(null), begun.scope)
      if (secrets !== undefined) useSecrets(own, secrets)
      const left = begun.deadline - performance.now()
      if (left <= 0) throw new TemplateError(TOO_LONG, { isLimit: true })
      const made = String(ENGINE.renderSync(templates, own, { renderLimit: left, memoryLimit: units }))
      if (made.length > MAX_OUTPUT_LENGTH)
        throw new TemplateFault(`is longer than ${MAX_OUTPUT_LENGTH} characters when it is filled in`)
      written += made.length
      if (written > MAX_OUTPUTS_LENGTH)
        throw new TemplateFault(`all texts are longer than ${MAX_OUTPUTS_LENGTH} characters when they are filled in`)
      const stored = storableText(made)
      return hasReplaced(own) ? { ...stored, isReplaced: true } : stored
    } catch (error) {
      throw explain(error)
    }
  }
}

type Parsed = { templates: Template[]; secrets: string[] }

/** The same few are filled in for each event of a webhook, and to parse one takes as long as to fill it in. */
const PARSED = remember(parseAnew, PARSED_KEPT)

function parse(text: string): Parsed {
  return text.length > PARSED_LENGTH ? parseAnew(text) : PARSED.of(text)
}

function parseAnew(text: string): Parsed {
  if (text.length > MAX_TEMPLATE_LENGTH)
    throw new TemplateFault(`must not be longer than ${MAX_TEMPLATE_LENGTH} characters`)
  const templates = ENGINE.parse(text)
  const { visit, finish } = guardSecrets()
  walk(templates, ENGINE, (node, within) => {
    checkRange(node, within)
    keepDigits(node, within)
    visit(node, within)
  })
  return { templates, secrets: finish() }
}

/** Nothing that templates do changes what is in it. */
function readScope({ scope, eventBody, onLastRun }: ScopeText): object {
  /** One for each value, because `group_by` asks whether they are the same. */
  const long = new Map<string, LongNumber>()
  const make = (source: string): LongNumber => {
    const key = canonicalNumber(JSON.rawJSON(source))
    const number = long.get(key) ?? new LongNumber(source)
    long.set(key, number)
    return number
  }
  const read =
    typeof scope === 'string' ? Object(parseWith(scope, make)) : { ...scope, automation: { ...scope.automation } }
  if (onLastRun !== undefined)
    Object.defineProperty(read.automation, 'last_run_at', { enumerable: true, get: () => onLastRun() ?? null })
  if (eventBody === undefined || read.event === null) return read
  return { ...read, event: { ...read.event, body: parseWith(eventBody, make) } }
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
