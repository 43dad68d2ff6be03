/** A piece of a text, from a place in it on: as it is, or what stands for one character that would not be seen, or would move others. */
export type Piece = { at: number; text: string } | { at: number; text: string; mark: string; name: string }

/**
 * What shows nothing, or changes where other characters show: controls (Unicode's general category Cc) but for line breaks and tabs, format
 * characters (Cf), which are bidirectional controls, joiners and tags; line and paragraph separators (Zl, Zp); spaces that are not the
 * plain one (Zs); what has no character (Cn, Co, and halves of a pair, Cs); and letters, marks and selectors that are drawn as nothing
 * (Default_Ignorable_Code_Point, and the blank of Braille).
 */
const UNSEEN = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Cn}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]--[ \n\t]]/v
/** An emoji may be made of several characters, with joiners and selectors between them: these change nothing else. */
const EMOJI_OR_CHARACTER = /\p{RGI_Emoji}|./gsv

/** So many marks may stand on one letter in any language; more of them are drawn over what is around. */
const MAX_STACKED = 4
const STACK = new RegExp(`\\p{M}{${MAX_STACKED + 1}}`, 'v')
const COMBINING = /^\p{M}$/v

const NAMES: Readonly<Record<number, string>> = {
  0: 'null',
  7: 'bell',
  8: 'backspace',
  11: 'vertical tab',
  12: 'form feed',
  13: 'carriage return',
  27: 'escape',
  127: 'delete',
  133: 'next line',
  160: 'no-break space',
  173: 'soft hyphen',
  847: 'combining grapheme joiner',
  1564: 'Arabic letter mark',
  4447: 'Hangul filler',
  4448: 'Hangul filler',
  6158: 'Mongolian vowel separator',
  8203: 'zero-width space',
  8204: 'zero-width non-joiner',
  8205: 'zero-width joiner',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8232: 'line separator',
  8233: 'paragraph separator',
  8234: 'left-to-right embedding',
  8235: 'right-to-left embedding',
  8236: 'end of embedding or override',
  8237: 'left-to-right override',
  8238: 'right-to-left override',
  8288: 'word joiner',
  8294: 'left-to-right isolate',
  8295: 'right-to-left isolate',
  8296: 'first strong isolate',
  8297: 'end of isolate',
  10240: 'blank of Braille',
  12288: 'ideographic space',
  12644: 'Hangul filler',
  65279: 'byte order mark',
  65440: 'Hangul filler',
}

/** Splits a text where something in it can't be seen. What is returned says all of it, character by character. */
export function piecesOf(text: string): Piece[] {
  if (!UNSEEN.test(text) && !STACK.test(text)) return text === '' ? [] : [{ at: 0, text }]
  const pieces: Piece[] = []
  let plain = ''
  const flush = (end: number) => {
    if (plain !== '') pieces.push({ at: end - plain.length, text: plain })
    plain = ''
  }
  let stacked = 0
  for (const { 0: character, index: at } of text.matchAll(EMOJI_OR_CHARACTER)) {
    stacked = COMBINING.test(character) ? stacked + 1 : 0
    // With a selector or joiners it is an emoji as a whole, and shows.
    if (stacked <= MAX_STACKED && ([...character].length > 1 || !UNSEEN.test(character))) {
      plain += character
      continue
    }
    flush(at)
    pieces.push({ at, text: character, ...markOf(character.codePointAt(0) ?? 0) })
  }
  flush(text.length)
  return pieces
}

/** How many characters of a text can't be seen. */
export function countUnseen(text: string): number {
  return piecesOf(text).filter((piece) => 'mark' in piece).length
}

function markOf(code: number): { mark: string; name: string } {
  const mark = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return { mark, name: NAMES[code] ?? kindOf(code) }
}

function kindOf(code: number): string {
  const character = String.fromCodePoint(code)
  if (code >= 0xe0000 && code <= 0xe007f) return 'tag'
  if (/\p{Variation_Selector}/u.test(character)) return 'variation selector'
  if (/\p{Cc}/u.test(character)) return 'control character'
  if (/\p{Zs}/u.test(character)) return 'space'
  if (COMBINING.test(character)) return 'combining mark'
  if (/\p{Cs}/u.test(character)) return 'half of a character'
  if (/\p{Co}/u.test(character)) return 'private character'
  return /\p{Cn}/u.test(character) ? 'no character' : 'invisible character'
}
