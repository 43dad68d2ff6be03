import { isUtf8 } from 'node:buffer'
import { endOfString, parseExact } from '../../../db/exact-json.ts'
import { ApiError } from '../../errors.ts'
import { remember } from '../../remember.ts'
import { REPLACEMENT, storableText } from '../../storable.ts'

/**
 * What a body says: as a value, and as JSON text, which is that of the sender where the sender wrote JSON.
 * `isReplaced`: something in it can't be stored, and U+FFFD stands in its place.
 */
export type Body = { value: unknown; json: string; isReplaced: boolean }

type Text = Pick<Body, 'isReplaced'> & { text: string }

const EMPTY: Body = { value: null, json: 'null', isReplaced: false }
/** As deep as JSON may be for Postgres, whose parser calls itself for each level. Nobody means more. */
const MAX_DEPTH = 500
const UTF8 = new TextDecoder()
const DECODERS = remember(makeDecoder, 10)
/** What may be an escape that can't be stored, or its second half. */
const SUSPECT_ESCAPE = /\\u(?:0000|d[89a-f])/i
/** Pairs of surrogates, which are one character; then what can't be stored; then any other escape, such as that of a backslash. */
const ESCAPES = /\\u(?:d[89ab][\da-f]{2})\\u(?:d[c-f][\da-f]{2})|(\\u(?:0000|d[89a-f][\da-f]{2}))|\\./gi

/**
 * Reads a body by its content type. What says that it is JSON must be, unless there is nothing; a form is an object of its
 * fields, or the JSON in its only field `payload`; anything else is JSON where it reads as an object or an array, and text
 * where not. JSON that is too deep is text.
 *
 * @param contentType as it came, however odd.
 * @param wantsJson whether it must be JSON, whatever it says that it is.
 * @throws ApiError `invalid_json`
 */
export function readBody(bytes: Buffer, contentType: string, wantsJson: boolean): Body {
  if (bytes.length === 0 && !wantsJson) return EMPTY
  // Some senders say it twice, with a comma between.
  const type = (/^[^;,]*/.exec(contentType)?.[0] ?? '').trim().toLowerCase()
  const decode = createDecoder(/;\s*charset\s*=\s*"?([^\s";,]+)/i.exec(contentType)?.[1])
  const decoded = decode(bytes)
  const isJson = wantsJson || /[/+]json$/.test(type)
  if (!isJson && type === 'application/x-www-form-urlencoded') return readForm(decoded, decode)
  const read = isJson || isJsonLike(decoded.text) ? readJson(decoded) : undefined
  if (read !== undefined) return read
  if (isJson) throw new ApiError('invalid_json')
  return asText(decoded)
}

/** Undefined for what is no JSON. */
function readJson({ text, isReplaced }: Text): Body | undefined {
  if (isDeeperThan(MAX_DEPTH, text)) return asText({ text, isReplaced })
  const json = SUSPECT_ESCAPE.test(text)
    ? text.replaceAll(ESCAPES, (whole, unstorable) => (unstorable === undefined ? whole : '\\ufffd'))
    : text
  try {
    return { value: parseExact(json), json, isReplaced: isReplaced || json !== text }
  } catch {
    return undefined
  }
}

function isJsonLike(text: string): boolean {
  return /^\s*[{[]/.test(text)
}

function asText(decoded: Text): Body {
  const { text, isReplaced } = storable(decoded)
  return { value: text, json: JSON.stringify(text), isReplaced }
}

/** Fields that come more than once are lists, in their order. */
function readForm({ text, isReplaced }: Text, decode: (bytes: Buffer) => Text): Body {
  const fields = new Map<string, string | string[]>()
  const decodeField = fieldDecoder(decode)
  let isAnyReplaced = isReplaced
  for (const field of text.split('&').filter((each) => each !== '')) {
    const equals = field.indexOf('=')
    const parts = equals === -1 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)]
    const [name, value] = parts.map((part) => storable(decodeField(part)))
    isAnyReplaced ||= name?.isReplaced === true || value?.isReplaced === true
    addField(fields, name?.text ?? '', value?.text ?? '')
  }
  const payload = fields.size === 1 ? fields.get('payload') : undefined
  if (typeof payload === 'string' && isJsonLike(payload)) {
    const read = readJson({ text: payload, isReplaced: isAnyReplaced })
    if (read !== undefined) return read
  }
  const value = Object.fromEntries(fields)
  return { value, json: JSON.stringify(value), isReplaced: isAnyReplaced }
}

function addField(fields: Map<string, string | string[]>, name: string, value: string): void {
  const before = fields.get(name)
  if (Array.isArray(before)) before.push(value)
  else fields.set(name, before === undefined ? value : [before, value])
}

/** Makes what decodes names and values of one form. */
function fieldDecoder(decode: (bytes: Buffer) => Text): (part: string) => Text {
  let isPlain = true
  return (part) => {
    const spaced = part.replaceAll('+', ' ')
    if (!spaced.includes('%')) return { text: spaced, isReplaced: false }
    if (isPlain) {
      try {
        return { text: decodeURIComponent(spaced), isReplaced: false }
      } catch {
        // Bytes that are not UTF-8, or a percent sign that stands for itself. There may be millions, and failing takes a while.
        isPlain = false
      }
    }
    const binary = Buffer.from(spaced)
      .toString('latin1')
      .replaceAll(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    return decode(Buffer.from(binary, 'latin1'))
  }
}

/**
 * Makes what reads text. It is UTF-8 where it can be, whatever it says: many programs name a charset that they do not use. UTF-16
 * alone has to be taken at its word, because its bytes may be UTF-8 too.
 */
function createDecoder(charset = 'utf-8'): (bytes: Buffer) => Text {
  const isUtf16 = /^utf-?16/i.test(charset)
  const named = DECODERS.of(charset.toLowerCase())
  return (bytes) => {
    if (!isUtf16 && isUtf8(bytes)) return { text: UTF8.decode(bytes), isReplaced: false }
    const text = named.decode(bytes)
    // A decoder puts this in for what is not of its charset.
    return { text, isReplaced: text.includes(REPLACEMENT) }
  }
}

/** UTF-8 where nobody knows the charset. */
function makeDecoder(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset)
  } catch {
    return UTF8
  }
}

function storable({ text, isReplaced }: Text): Text {
  const stored = storableText(text)
  return { text: stored.text, isReplaced: isReplaced || stored.isReplaced }
}

/** Looks at the text, because reading the value of a body that is nested millions deep takes minutes. */
function isDeeperThan(levels: number, json: string): boolean {
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const character = json[i]
    if (character === '"') {
      i = endOfString(json, i)
      if (i === -1) return false
    } else if (character === '{' || character === '[') {
      if (++depth > levels) return true
    } else if (character === '}' || character === ']') depth--
  }
  return false
}
