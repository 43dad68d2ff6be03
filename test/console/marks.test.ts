import t from 'tap'
import { foreignHosts } from '../../console/text/hosts.ts'
import { countUnseen, piecesOf } from '../../console/text/marks.ts'
import { wordsOf } from '../../console/text/words.ts'

/** A test's name is a line of its own. */
const lineOf = (text: string) => encodeURIComponent(text.toWellFormed())

t.test('what can not be seen gets a mark', async (t) => {
  const marksOf = (text: string) =>
    piecesOf(text).flatMap((piece) => ('mark' in piece ? [`${piece.mark} ${piece.name}`] : []))
  for (const [text, ...marks] of [
    ['plain text, with\nlines and\ttabs'],
    ['für Zoë, 日本語, ع, emoji 👩‍💻 🏳️‍🌈 ❤️ 🇩🇪 👍🏽'],
    ['a\u202Eb', 'U+202E right-to-left override'],
    ['a\u2066b\u2069', 'U+2066 left-to-right isolate', 'U+2069 end of isolate'],
    ['a\u200Bb\u200D', 'U+200B zero-width space', 'U+200D zero-width joiner'],
    ['a\u00A0b\u3000', 'U+00A0 no-break space', 'U+3000 ideographic space'],
    ['\u0000\u0007\u001B[31m\r', 'U+0000 null', 'U+0007 bell', 'U+001B escape', 'U+000D carriage return'],
    ['\uFEFFa\u00AD', 'U+FEFF byte order mark', 'U+00AD soft hyphen'],
    ['tag \u{E0041}\u{E007F}', 'U+E0041 tag', 'U+E007F tag'],
    ['a\uFE0F', 'U+FE0F variation selector'],
    ['\u3164\u2800', 'U+3164 Hangul filler', 'U+2800 blank of Braille'],
    ['half \uD83D', 'U+D83D half of a character'],
    ['\uE000\u0378', 'U+E000 private character', 'U+0378 no character'],
    ['\u2028\u2029', 'U+2028 line separator', 'U+2029 paragraph separator'],
    ['a\u180Bb', 'U+180B variation selector'],
    ['Zu\u0308rich, \u0e17\u0e35\u0e48, o\u0301\u0302\u0303\u0304'],
    [`o${'\u0301'.repeat(6)}`, 'U+0301 combining mark', 'U+0301 combining mark'],
  ] as const) {
    t.same(marksOf(text), marks, lineOf(text))
    t.equal(countUnseen(text), marks.length)
  }
  t.same(piecesOf(''), [])
  const text = 'one\u200B two\u202E\u202Ethree'
  t.equal(
    piecesOf(text)
      .map(({ text }) => text)
      .join(''),
    text,
    'nothing is lost',
  )
  t.same(
    piecesOf(text).map(({ at }) => at),
    [0, 3, 4, 8, 9, 10],
  )
  for (let code = 0; code <= 0x1f; code++)
    if (code !== 9 && code !== 10) t.equal(countUnseen(`a${String.fromCharCode(code)}`), 1, `control ${code}`)
})

t.test('hosts of other alphabets are told as they are asked for', async (t) => {
  for (const [text, ...hosts] of [
    ['https://example.com/päth'],
    ['no host, but ünïcode'],
    ['https://p\u0430ypal.com/in', 'xn--pypal-4ve.com'],
    [
      'see http://user:pass@münchen.example:8080/?q and WSS://日本.example',
      'xn--mnchen-3ya.example',
      'xn--wgv71a.example',
    ],
    ['https://m\u00FCnchen.example https://m\u00FCnchen.example', 'xn--mnchen-3ya.example'],
    ['https://a\u200Bb.example/', 'ab.example'],
    ['https://１２７.0.0.1/', '127.0.0.1'],
    ['https:/p\u0430ypal.com/in', 'xn--pypal-4ve.com'],
    ['https:\\\\p\u0430ypal.com', 'xn--pypal-4ve.com'],
    ['//p\u0430ypal.com/in', 'xn--pypal-4ve.com'],
    ['https:///p\u0430ypal.com/in', 'xn--pypal-4ve.com'],
    ['mailto:a@p\u0430ypal.com', 'xn--pypal-4ve.com'],
    ['go to p\u0430ypal.com.', 'xn--pypal-4ve.com'],
    ['Привет.Как дела? Größe.Maß 日本.語'],
  ] as const)
    t.same(
      foreignHosts(text).map(({ ascii }) => ascii),
      hosts,
      text,
    )
})

t.test('words that differ are marked, where that helps', async (t) => {
  const shown = (before: string, after: string) =>
    wordsOf(before, after)?.map(({ text, in: side }) => `${side}: ${text}`)
  t.same(shown('the old text', 'the new text'), ['both: the ', 'before: old', 'after: new', 'both:  text'])
  t.equal(shown('something', 'wholly different'), undefined)
  const [before, after] = ['a b  c d', 'a  b c d'].map((each) => each)
  const words = wordsOf(before ?? '', after ?? '') ?? []
  const sideOf = (side: string) =>
    words
      .filter((word) => word.in === 'both' || word.in === side)
      .map(({ text }) => text)
      .join('')
  t.same([sideOf('before'), sideOf('after')], [before, after], 'nothing is lost, white space neither')
})
