import t from 'tap'
import { v7 as newId } from 'uuid'
import { measureBluesky } from '../../../src/social/bluesky.ts'
import { measureLinkedIn, toLittleText } from '../../../src/social/linkedin.ts'
import { measureMastodon } from '../../../src/social/mastodon.ts'
import { tidOf } from '../../../src/social/tid.ts'
import { measureX } from '../../../src/social/x.ts'
import { countProcessorTime } from '../../support/processor-time.ts'

t.test('X: links are 23, what is not Latin is 2, and so is each emoji', async (t) => {
  const lengths: [text: string, length: number][] = [
    ['', 0],
    ['hello', 5],
    ['é', 1],
    ['日本語', 6],
    ['https://example.com/a/very/long/path?with=much&more=of#it', 23],
    ['see example.com now', 4 + 23 + 4],
    ['🎉', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['🐦‍🔥', 2],
    ['🏴󠁧󠁢󠁳󠁣󠁴󠁿', 2],
    ['🇩🇪', 2],
    ['#️⃣ 1⃣', 5],
    ['🎉https://example.com/', 25],
    ['#hashtag @somebody', 18],
  ]
  for (const [text, length] of lengths) t.same(measureX(text), { length, limit: 280 }, text)
  t.equal(measureX('a'.repeat(280)).length, 280)
  t.equal(measureX('a'.repeat(281)).length, 281)
})

t.test("X: twitter-text's own cases of conformance, with the weights of its configuration 3", async (t) => {
  const ten = 'x'.repeat(10)
  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}'
  const kana = 'あいうえおかきくけこ'
  const wave = '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'
  const cases: [what: string, text: string, weightedLength: number][] = [
    ['a text with a link', 'Hi http://test.co', 26],
    ['a link alone', 'http://test.co', 23],
    ['285 characters', `285 chars-${`${ten}-`.repeat(25)}`, 285],
    ['a link in the middle', `285 chars- http://www.twitter.com/jack ${`${ten}-`.repeat(24)}`, 299],
    ['a link at the end', `${`${ten}-`.repeat(24)} http://www.twitter.com/jack `, 289],
    ['ten links', 'https://www.twitter.com/aloha '.repeat(10), 240],
    ['160 ideographs', '故'.repeat(160), 320],
    ['160 emoji', '\u{1f637}'.repeat(160), 320],
    ['Latin and ideographs', `the${'故'.repeat(160)}`, 323],
    ['what is composed to one character', 'A\u0301B', 2],
    ['what is composed to three', 'A\ufb2c', 4],
    ['emoji of one character and of many', `H\u{1f431}☺${family}`, 7],
    ['five emoji', '\u{1f637}\u{1f47e}\u{1f621}\u{1f525}\u{1f4a9}', 10],
    ['a tone of skin, and a profession', '\u{1f64b}\u{1f3fd}\u{1f468}\u200d\u{1f3a4}', 4],
    ['a label of 64 characters is no domain', `${'randomurl'.repeat(7).slice(0, 63)}s.com`, 68],
    ['a host too long in Punycode', `${kana.repeat(12)} http://${kana.repeat(5)}あいう.com`, 358],
    ['a host that is not', `${kana.repeat(12)} http://${kana.repeat(5)}あい.com`, 264],
    ['140 families', family.repeat(140), 280],
    ['emoji of Unicode 10', `Unicode 10.0 emoji: \u{1f92a}; \u{1f9d5}; \u{1f9d5}\u{1f3fe}; ${wave}`, 34],
    ['emoji of Unicode 9', 'Unicode 9.0 emoji: \u{1f920}; \u{1f483}; \u{1f483}\u{1f3fe}', 29],
    ['marks of direction around a link', '\u2066\u202ahttp://foobar.پاکستان/\u202c\u2069', 31],
  ]
  for (const [what, text, weightedLength] of cases) t.equal(measureX(text).length, weightedLength, what)
})

t.test('X: every emoji that Node knows is 2', async (t) => {
  const emoji = /^\p{RGI_Emoji}$/v
  let count = 0
  for (let point = 0x23; point <= 0x1faff; point++) {
    for (const text of [String.fromCodePoint(point), `${String.fromCodePoint(point)}\ufe0f`]) {
      if (!emoji.test(text)) continue
      count++
      if (measureX(text).length !== 2) t.fail(`U+${point.toString(16)} is ${measureX(text).length}`)
    }
  }
  t.ok(count > 1000, `${count} of them`)
})

t.test('a link of hundreds of characters is 23 all the same', async (t) => {
  const link = `https://example.com/${'a.b/'.repeat(300)}`
  t.equal(measureX(`see ${link} now`).length, 4 + 23 + 4)
})

t.test('any text is measured in a moment', async (t) => {
  const texts = ['中.', '中中中.a', 'a', 'a.', 'http://a.b ', '@', '中.com', '#a', '🎉', '(((', 'a@b.c ']
  for (const part of texts) {
    const text = part.repeat(Math.ceil(10_000 / part.length)).slice(0, 10_000)
    t.ok(measureX(text).length > 280, part)
    const spent = countProcessorTime()
    t.ok(measureX(text.slice(0, 4000)).length > 280, part)
    t.ok(spent() < 100, `${part} took ${Math.round(spent())} ms`)
    t.ok(measureLinkedIn(text).length > 3000)
    t.ok(measureMastodon(text, '', { characters: 500, perUrl: 23 }).length > 0)
  }
})

t.test(
  'Mastodon: graphemes, links as the instance has it, mentions without their domain, and the warning',
  async (t) => {
    const limits = { characters: 500, perUrl: 23 }
    const length = (text: string, spoiler = '') => measureMastodon(text, spoiler, limits).length
    t.equal(length('héllo'), 5)
    t.equal(length('👩‍👩‍👧‍👦 e\u0301'), 3)
    t.equal(length('see https://example.com/a/very/long/path'), 4 + 23)
    t.equal(length('example.com'), 11, 'without its protocol it is no link there')
    t.equal(length('@ada@mastodon.example hi'), '@ada hi'.length)
    t.equal(length('text', 'warning'), 11)
    t.equal(measureMastodon('x', '', { characters: 5000, perUrl: 30 }).limit, 5000)
  },
)

t.test('LinkedIn: characters before they are escaped, and what is markup there is escaped', async (t) => {
  t.same(measureLinkedIn('a(b)🎉'), { length: 5, limit: 3000 })
  t.equal(
    toLittleText('a|b {c} @d [e] (f) <g> *h* _i_ ~j~ \\'),
    'a\\|b \\{c\\} \\@d \\[e\\] \\(f\\) \\<g\\> \\*h\\* \\_i\\_ \\~j\\~ \\\\',
  )
  t.equal(toLittleText('#hashtag #été # alone'), '#hashtag #été \\# alone')
})

t.test('Bluesky: graphemes and bytes, links whole', async (t) => {
  t.same(measureBluesky('👩‍👩‍👧‍👦 e\u0301'), { length: 3, limit: 300 })
  t.same(measureBluesky('x'.repeat(301)), { length: 301, limit: 300 })
  t.same(measureBluesky('👩‍👩‍👧‍👦'.repeat(200)), { length: 5000, limit: 3000 }, 'in bytes')
  t.equal(measureBluesky(`https://example.com/${'x'.repeat(100)}`).length, 120)
})

t.test('a run has one TID, which sorts as its time does', async (t) => {
  const runs = Array.from({ length: 200 }, (_, i) => newId({ msecs: Date.UTC(2026, 0, 1) + i }))
  const tids = runs.map(tidOf)
  t.ok(tids.every((tid) => /^[2-7a-j][2-7a-z]{12}$/.test(tid)))
  t.same([...tids].sort(), tids)
  t.same(runs.map(tidOf), tids)
  const together = Array.from({ length: 500 }, () => tidOf(newId({ msecs: 1_700_000_000_000 })))
  t.ok(new Set(together).size > 498, 'those of one millisecond differ')
  t.equal(tidOf('00000000-0000-7000-8000-000000000000'), '2222222222222')
})

t.test(
  'What measures posts brings no polyfills along, which would slow down every replacement in the process',
  async (t) => {
    t.notOk('__core-js_shared__' in globalThis)
  },
)
