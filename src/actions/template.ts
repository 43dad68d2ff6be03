import { AssertionError, LiquidError, ParseError, type Template, type Token, TokenizationError } from 'liquidjs'
import { checkRanges, createEngine, TemplateFault } from './template-engine.ts'
import { guardSecrets, namedSecretsIn, type SecretUse, useSecrets } from './template-secrets.ts'

export type { SecretUse }

/** A template that can't be read or filled in. The message is for people, with line and column where they are known. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

export const MAX_TEMPLATE_LENGTH = 10_000
const MAX_OUTPUT_LENGTH = 20_000
const MAX_REASON_LENGTH = 200
/** An event may have a mebibyte, of which a template may make some copies: each filter counts what it reads and makes. */
const ENGINE = createEngine({ parseLimit: MAX_TEMPLATE_LENGTH, renderLimit: 500, memoryLimit: 20_000_000 })

/**
 * What is wrong with a template, or undefined. What depends on values shows when it is filled in.
 *
 * @param takesSecrets whether it may name secrets.
 */
export function checkTemplate(text: string, { takesSecrets = false } = {}): string | undefined {
  try {
    parse(text, takesSecrets)
    return undefined
  } catch (error) {
    return explain(error)
  }
}

/**
 * Fills in a Liquid template. What is not in scope is empty. The scope is plain JSON; templates see a copy of it, and
 * nothing but its own keys.
 *
 * Bounded: 10,000 characters of template, about half a second, `maxLength` characters of text.
 *
 * @param secrets those that it may fill in, where it may.
 * @throws TemplateError
 */
export function render(
  text: string,
  scope: Readonly<Record<string, unknown>>,
  { maxLength = MAX_OUTPUT_LENGTH, secrets }: { maxLength?: number; secrets?: SecretUse } = {},
): string {
  let filled: string
  try {
    const templates = parse(text, secrets !== undefined)
    const copied = copy(scope)
    if (secrets !== undefined) useSecrets(copied, secrets)
    filled = String(ENGINE.renderSync(templates, copied))
  } catch (error) {
    throw new TemplateError(explain(error))
  }
  if (filled.length > maxLength) throw new TemplateError(`is longer than ${maxLength} characters when it is filled in`)
  return filled
}

/** The names of the secrets that a template fills in; none where it can't be read. */
export function secretNames(text: string): string[] {
  if (!text.includes('secrets')) return []
  try {
    return namedSecretsIn(parse(text, true), ENGINE)
  } catch {
    return [] // what is wrong with it, checkTemplate says
  }
}

function parse(text: string, takesSecrets: boolean): Template[] {
  if (text.length > MAX_TEMPLATE_LENGTH)
    throw new TemplateFault(`must not be longer than ${MAX_TEMPLATE_LENGTH} characters`)
  const templates = ENGINE.parse(text)
  checkRanges(templates, ENGINE)
  if (text.includes('secrets')) guardSecrets(templates, ENGINE, takesSecrets)
  return templates
}

/** The scope without prototypes, so that no key leads out of the data; a new one each time, since `increment` writes to it. */
function copy(scope: object): object {
  const made: Record<string, unknown> = Object.create(null)
  for (const [key, value] of Object.entries(scope)) made[key] = copyValue(value)
  return made
}

function copyValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyValue)
  return typeof value === 'object' && value !== null ? copy(value) : value
}

function explain(error: unknown): string {
  if (error instanceof TemplateFault) return error.message
  if (!(error instanceof LiquidError)) return reasonOf(error)
  const [line, column] = positionOf(error)
  return `line ${line}, column ${column}: ${reasonOf(error)}`
}

/** Only what was written for people passes: the message of any other error would tell of the program. */
function reasonOf(error: unknown): string {
  const cause = error instanceof LiquidError ? (error.originalError ?? error) : error
  if (cause instanceof TemplateFault) return cause.message
  const message = cause instanceof Error ? cause.message : ''
  if (cause instanceof RangeError && message.includes('call stack')) return 'is nested too deeply'
  if (cause instanceof RangeError && message.includes('length')) return 'makes too much text'
  if (message.startsWith('memory alloc limit')) return 'makes too much text or too many items'
  if (message.startsWith('template render limit')) return 'takes too long'
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
