import t from 'tap'
import { measureLinkedIn, toLittleText } from '../../../src/social/linkedin.ts'
import { measureMastodon } from '../../../src/social/mastodon.ts'
import { measureX } from '../../../src/social/x.ts'

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

t.test('any text is measured in a moment', async (t) => {
  const texts = ['a', 'a.', 'http://a.b ', '@', '中.com', '#a', '🎉', '(((', 'a@b.c ']
  for (const part of texts) {
    const text = part.repeat(Math.ceil(10_000 / part.length)).slice(0, 10_000)
    t.ok(measureX(text).length > 280, part)
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
