import {
  CaptureTag,
  type Context,
  defaultOperators,
  type FilterImplOptions,
  filters,
  Liquid,
  type Template,
  Token,
} from 'liquidjs'
import { LongNumber } from './decimals.ts'
import { TemplateFault } from './template-fault.ts'

// liquidjs checks the time between the parts of a template and counts what its filters make. What follows closes what that
// leaves open to a template or an event that means harm; each has its test.

/**
 * Everything a template may pipe a value into. Left out: `concat`, `push` and `unshift`, with which 40 steps nest an array
 * into itself so often that writing it out never ends; the `_exp` filters, which parse text while rendering; `sample`, by
 * which a preview would differ from the run.
 */
const FILTERS = [
  ...[
    'abs',
    'at_least',
    'at_most',
    'ceil',
    'divided_by',
    'floor',
    'minus',
    'modulo',
    'plus',
    'round',
    'times',
    'to_integer',
  ],
  ...['append', 'prepend', 'capitalize', 'downcase', 'upcase', 'strip', 'lstrip', 'rstrip', 'squish', 'strip_newlines'],
  ...[
    'replace',
    'replace_first',
    'replace_last',
    'remove',
    'remove_first',
    'remove_last',
    'split',
    'slice',
    'truncate',
  ],
  ...[
    'truncatewords',
    'number_of_words',
    'normalize_whitespace',
    'slugify',
    'newline_to_br',
    'strip_html',
    'array_to_sentence_string',
  ],
  ...['escape', 'escape_once', 'xml_escape', 'unescape', 'url_encode', 'url_decode', 'cgi_escape', 'uri_escape'],
  ...[
    'first',
    'last',
    'size',
    'join',
    'map',
    'sort',
    'sort_natural',
    'reverse',
    'uniq',
    'compact',
    'sum',
    'pop',
    'shift',
  ],
  ...['where', 'reject', 'find', 'find_index', 'has', 'group_by'],
  ...['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string'],
  ...['default', 'json', 'base64_encode', 'base64_decode', 'sha256', 'hmac_sha256'],
]
/** These look for one text in another, and take both their lengths in time at the worst. */
const SEARCHING = new Set([
  'split',
  'replace',
  'replace_first',
  'replace_last',
  'remove',
  'remove_first',
  'remove_last',
])
/** These parse the name of a property while rendering. */
const BY_PROPERTY = new Set(['where', 'reject', 'find', 'find_index', 'has', 'group_by'])
/** These take objects as they are. What all others take is a text, and an object's is its JSON. */
const OF_OBJECTS = new Set([
  ...BY_PROPERTY,
  ...['first', 'last', 'size', 'map', 'sort', 'sort_natural', 'reverse', 'uniq', 'compact', 'sum', 'pop', 'shift'],
  ...['default', 'json'],
])
const OF_LISTS = new Set([...OF_OBJECTS, 'slice'])
/** These encode characters, and can't encode half of one. */
const ENCODING = new Set(['url_encode', 'cgi_escape', 'uri_escape', 'base64_encode', 'sha256', 'hmac_sha256'])
/** Half of a surrogate pair as JSON.stringify writes it, with the pairs of backslashes before it. */
const HALF_PAIR = /(?<!\\)((?:\\\\)*)\\ud[89a-f][\da-f]{2}/g
/** These read other templates: there are none. */
const TAGS_OF_FILES = ['include', 'render', 'layout', 'block']
const SEARCH_STEPS_PER_UNIT = 20
/** Each conversion takes a tenth of a millisecond, and nothing looks at the clock between them. */
const MAX_DATE_FORMAT = 200

/** A filter. */
export type Handler = Extract<FilterImplOptions, (...args: never[]) => unknown>

/**
 * A Liquid engine without files and without what has no bounds. What a render may take is said with each.
 *
 * @param parseLimit characters of a template.
 * @param own filters that take the place of Liquid's of the same names.
 */
export function createEngine({
  parseLimit,
  filters: own,
}: {
  parseLimit: number
  filters: Record<string, Handler>
}): Liquid {
  const liquid = new Liquid({
    parseLimit,
    ownPropertyOnly: true,
    strictFilters: true,
    timezoneOffset: 0, // dates must not depend on where a server stands
    locale: 'en-US',
    templates: {},
    operators: boundedOperators(),
    outputEscape: asText,
  })
  for (const tag of TAGS_OF_FILES) delete liquid.tags[tag]
  for (const name of Object.keys(liquid.filters)) liquid.unregisterFilter(name)
  for (const name of FILTERS) {
    const filter = own[name] ?? filters[name]
    if (typeof filter === 'function') liquid.registerFilter(name, boundedFilter(name, filter))
  }
  liquid.registerTag('capture', BoundedCapture)
  return liquid
}

function boundedFilter(name: string, filter: Handler): Handler {
  const asTaken = (context: Context, value: unknown): unknown => {
    const isKept = (Array.isArray(value) ? OF_LISTS : OF_OBJECTS).has(name)
    return isKept ? value : textOf(context, value)
  }
  return function (given: unknown, ...args: unknown[]) {
    const { context } = this
    context.renderLimit.check(performance.now())
    const whole = asTaken(context, given)
    const value = ENCODING.has(name) ? wellFormed(context, whole) : whole
    const taken = args.map((each) => asTaken(context, each))
    const [arg] = taken
    if (!Array.isArray(value)) context.memoryLimit.use(lengthOf(value))
    if (SEARCHING.has(name)) chargeSearch(context, value, arg)
    if (name === 'date' && lengthOf(arg) > MAX_DATE_FORMAT)
      throw new TemplateFault(`"date" takes a format of at most ${MAX_DATE_FORMAT} characters`)
    if (BY_PROPERTY.has(name) && !/^[\w\s.'"[\]-]{1,200}$/.test(String(arg)))
      throw new TemplateFault(`"${name}" takes the name of a property`)
    try {
      const made: unknown = filter.call(this, value, ...taken)
      return name === 'json' && typeof made === 'string' ? withoutHalfPairs(context, made) : made
    } catch (error) {
      if (error instanceof URIError) throw new TemplateFault(`"${name}" can't read what it is given`)
      throw error
    }
  }
}

/** What an output writes. */
const asText: Handler = function (value) {
  return textOf(this.context, value)
}

/** A value with the JSON of each object in its place; itself where there is none. */
function textOf(context: Context, value: unknown): unknown {
  if (Array.isArray(value)) return value.some(isOfObjects) ? value.map((item) => textOf(context, item)) : value
  if (!isOfObjects(value)) return value
  const json = JSON.stringify(value)
  context.memoryLimit.use(json.length)
  return withoutHalfPairs(context, json)
}

/** Whether a value is an object of the data, or a list, in which there may be some. */
function isOfObjects(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}

/** In the scopes in which a filter put U+FFFD in the place of half a character. */
const REPLACED = Symbol('replaced')

/** Whether a template that was filled in from a scope has U+FFFD in the place of half a character. */
export function hasReplaced(scope: object): boolean {
  return REPLACED in scope
}

function wellFormed(context: Context, value: unknown): unknown {
  if (typeof value !== 'string' || value.isWellFormed()) return value
  Reflect.set(context.environments, REPLACED, true)
  return value.toWellFormed()
}

function withoutHalfPairs(context: Context, json: string): string {
  if (!json.includes('\\ud')) return json
  const whole = json.replaceAll(HALF_PAIR, '$1\ufffd')
  if (whole !== json) Reflect.set(context.environments, REPLACED, true)
  return whole
}

function boundedOperators(): typeof defaultOperators {
  const { contains, ...others } = defaultOperators
  return {
    ...others,
    *contains(left: unknown, right: unknown, context: Context) {
      context.renderLimit.check(performance.now())
      chargeSearch(context, left, right)
      return Boolean(yield contains?.(left, right, context))
    },
  }
}

/** 500,000 characters searched for 250,000 others can take a minute, in which nothing looks at the clock. */
function chargeSearch(context: Context, text: unknown, pattern: unknown): void {
  context.memoryLimit.use((lengthOf(text) * lengthOf(pattern)) / SEARCH_STEPS_PER_UNIT)
}

/** The characters of what may be long when it is made a text. */
function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + lengthOf(item), 0)
  return typeof value === 'string' || value instanceof LongNumber ? String(value).length : 0
}

/** liquidjs does not count what it captures: `{% capture s %}{{ s }}{{ s }}{% endcapture %}` doubles it for nothing. */
class BoundedCapture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    yield* super.render(context)
    const captured: unknown = context.bottom()[this.variable]
    if (typeof captured === 'string') context.memoryLimit.use(captured.length)
  }
}

/** Takes a part of a template, and gives on demand what it stands in, the innermost first. */
export type Visit = (node: object, within: () => object[]) => void

/**
 * Refuses a range that does not begin with a small whole number. Beyond 2^53 adding one changes nothing, so
 * `(100000000000000000..100000000000000016)` is counted as 17 numbers and never ends.
 */
export const checkRange: Visit = (node) => {
  if (!(node instanceof Token && 'lhs' in node) || isSmallNumber(node.lhs)) return
  const [line, column] = node.getPosition()
  throw new TemplateFault(`line ${line}, column ${column}: a range must begin with a whole number, such as (1..5)`)
}

/** Visits everything that parsed templates are made of, once. */
export function walk(templates: Template[], liquid: Liquid, visit: Visit): void {
  type Place = { node: object; within: Place | null }
  const seen = new Set<unknown>([liquid])
  const open: Place[] = templates.map((node) => ({ node, within: null }))
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place.node)) continue
    seen.add(place.node)
    const { node, within } = place
    visit(node, () => {
      const path: object[] = []
      for (let outer = within; outer !== null; outer = outer.within) path.push(outer.node)
      return path
    })
    for (const part of Object.values(node))
      if (typeof part === 'object' && part !== null) open.push({ node: part, within: place })
  }
}

function isSmallNumber(token: unknown): boolean {
  const content = typeof token === 'object' && token !== null && 'content' in token ? token.content : undefined
  return typeof content === 'number' && Number.isInteger(content) && Math.abs(content) <= 1e6
}
