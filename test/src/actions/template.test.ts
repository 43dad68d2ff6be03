import t from 'tap'
import { checkTemplate as check, TemplateError } from '../../../src/actions/template.ts'
import { fillerOf } from '../../support/filling.ts'
import { countProcessorTime } from '../../support/processor-time.ts'

const SCOPE = {
  run: { id: 'r1', attempt: 1, scheduled_for: null },
  automation: { name: 'Digest', kind: 'scheduled' },
  event: {
    user: { name: 'Ada' },
    tags: ['b', 'a'],
    items: [
      { type: 'x', n: 1 },
      { type: 'y', n: 2 },
    ],
    count: 3,
  },
}

const LIMITS = { ms: 1000 }

function render(text: string, scope: Record<string, unknown>): string {
  return fillerOf(scope, LIMITS)(text).text
}

function checkTemplate(text: string): string | undefined {
  return check(text).problem
}

/** The message of a template that can't be filled in, and how long that took; fails where it can. */
function refusal(text: string, scope: Record<string, unknown> = SCOPE): string {
  try {
    return `filled in: ${render(text, scope).slice(0, 100)}`
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

t.test('a template says what is in scope, and nothing where there is nothing', async (t) => {
  t.equal(render('{{ automation.name }} for {{ event.user.name | upcase }}', SCOPE), 'Digest for ADA')
  t.equal(render('[{{ nothing }}{{ event.nothing.more }}{{ run.scheduled_for }}]', SCOPE), '[]')
  t.equal(render('{{ event.tags | sort | join: ", " }} {{ event.tags.size }}', SCOPE), 'a, b 2')
  t.equal(render('{% for i in (1..event.count) %}{{ i }}{% endfor %}', SCOPE), '123')
  t.equal(render('{{ event.items | where: "type", "y" | map: "n" }}', SCOPE), '2')
  t.equal(render('{% if event.tags contains "a" %}yes{% endif %}', SCOPE), 'yes')
  t.equal(render('{% capture c %}<{{ run.id }}>{% endcapture %}{{ c }}{{ c }}', SCOPE), '<r1><r1>')
  t.equal(
    render('{{ "2026-03-29T09:00:00Z" | date: "%Y-%m-%d %H:%M" }}', SCOPE),
    '2026-03-29 09:00',
    'dates are in UTC',
  )
  t.equal(render('{{ event.user | json }}', SCOPE), '{"name":"Ada"}')
  t.equal(render('Costs 5 % {or} {{ "{{" }}', SCOPE), 'Costs 5 % {or} {{')
})

t.test('what is wrong is told with its place', async (t) => {
  t.equal(checkTemplate('Hello {{ automation.name }}'), undefined)
  t.match(checkTemplate('one\n  {% fi %}'), /^line 2, column 3: tag "fi" not found$/)
  t.match(checkTemplate('{{ a | nope }}'), /^line 1, column \d+: undefined filter: nope$/)
  t.match(checkTemplate('{% for i in %}{% endfor %}'), /^line 1, column 1: /)
  t.match(checkTemplate('{% if a %}'), /^line 1, column 1: tag .* not closed$/)
  t.match(checkTemplate('a {{ b'), /^line 1, column 3: /)
  t.match(refusal('one\n{{ "a%b%" | url_decode }}'), /^line 2, column 1: "url_decode" can't read what it is given$/)
})

t.test('a render leaves nothing behind', async (t) => {
  t.equal(render('{% increment count %}{% assign event = 1 %}', SCOPE), '0')
  t.equal(render('{% increment count %}{{ event.count }}', SCOPE), '03')
  t.equal(render('{% assign run = "x" %}{{ run }}', Object.freeze({ run: Object.freeze({ id: 1 }) })), 'x')
})

t.test('no key leads out of the data', async (t) => {
  const silent = [
    "{{ ''.constructor.constructor('return process')() }}",
    '{{ event.constructor }}{{ event.__proto__ }}{{ event.tags.constructor.name }}{{ event.tags.map }}',
    '{{ event["constructor"]["constructor"] }}{{ run.toString }}{{ constructor }}{{ __proto__ }}{{ toString }}',
    '{% assign k = "__proto__" %}{{ event[k] }}{% assign __proto__ = event %}{{ __proto__.x }}',
    '{{ event.items | map: "constructor" | join }}{{ event.items | where: "constructor" | size | minus: 0 | replace: "0", "" }}',
    '{{ event.items | group_by: "type" | map: "constructor" | compact | join }}',
    '{{ process.env }}{{ globalThis }}{{ this }}{{ require }}{{ process.mainModule }}',
  ]
  for (const text of silent) {
    const result = refusal(text)
    t.ok(/^filled in: *$/.test(result) || /^line \d+, column \d+: /.test(result), `${text}: ${result}`)
    t.notMatch(result, /function|native|\/work|node_modules|\[object Function|PATH=/)
  }
  const poisoned = JSON.parse('{"event":{"__proto__":{"polluted":1},"constructor":"mine"}}')
  t.equal(
    render('{{ event.constructor }}{{ event.polluted }}', poisoned),
    'mine',
    'own keys are data, whatever their names',
  )
  t.equal(Reflect.get({}, 'polluted'), undefined)
})

t.test('there are no files, and no names beside those of Liquid', async (t) => {
  for (const tag of [
    'include "/etc/passwd"',
    'render "x"',
    'layout "x"',
    'block x',
    'constructor',
    '__proto__',
    'toString',
  ])
    t.match(checkTemplate(`{% ${tag} %}`), /^line 1, column 1: tag ".*" not found$/, tag)
  for (const filter of [
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'concat: x',
    'push: x',
    'where_exp: "i", "i"',
  ])
    t.match(checkTemplate(`{{ "a" | ${filter} }}`), /undefined filter/, filter)
})

const BIG = 'a'.repeat(1_000_000)
const NESTED_LOOPS = `${'{% for i in (1..1000) %}'.repeat(6)}{{ i }}${'{% endfor %}'.repeat(6)}`
const HOSTILE: [name: string, text: string, scope?: Record<string, unknown>][] = [
  ['a huge range', '{% for i in (1..100000000) %}x{% endfor %}'],
  ['a huge range of values', '{% for i in (1..n) %}x{% endfor %}', { n: 1e9 }],
  ['an endless range', '{% for i in (100000000000000000..100000000000000016) %}x{% endfor %}'],
  ['an endless range from below', '{% for i in (-9007199254740993..-9007199254740992) %}{% endfor %}'],
  ['an endless range of values', '{% for i in (a..b) %}x{% endfor %}', { a: 1e17, b: 1e17 + 64 }],
  ['an endless range in a filter', '{{ "x" | append: (n..m) }}', { n: 1e17, m: 1e17 + 64 }],
  ['an endless range in an assignment', '{% assign a = (n..m) %}', { n: 1e17, m: 1e17 + 64 }],
  [
    'an endless range in a condition',
    '{% if x == (n..m) %}{% endif %}{% case (n..m) %}{% when 1 %}{% endcase %}',
    { n: 1e17, m: 2e17 },
  ],
  ['an endless range in a parameter', '{% for i in x limit: (n..m) %}{% endfor %}', { n: 1e17, m: 1e17 + 64, x: [1] }],
  ['an endless range in liquid', '{% liquid\nassign a = (n..m)\necho a %}', { n: 1e17, m: 1e17 + 64 }],
  ['an endless range in a property', '{{ x | where: "[(n..m)]" }}', { x: [{ n: 1e17, m: 1e17 + 64 }] }],
  ['nested loops', NESTED_LOOPS],
  ['loops over nothing', NESTED_LOOPS.replace('{{ i }}', '')],
  ['loops over an event', '{% for a in l %}'.repeat(5) + '{% endfor %}'.repeat(5), { l: Array(1000).fill(1) }],
  [
    'a growing text',
    '{% assign s = "xxxxxxxx" %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}{{ s | size }}',
  ],
  [
    'a growing capture',
    '{% assign s = "xxxxxxxx" %}{% for i in (1..60) %}{% capture s %}{{s}}{{s}}{% endcapture %}{% endfor %}',
  ],
  [
    'a growing replacement',
    `{% assign s = "aaaaaaaa" %}${'{% assign s = s | replace: "a", "aaaaaaaa" %}'.repeat(40)}{{ s }}`,
  ],
  ['a wide date', '{{ "now" | date: "%9999999999d" }}'],
  ['a long output', '{{ s }}', { s: BIG }],
  ['a longer output', '{% for i in (1..100000) %}{{ s }}{% endfor %}', { s: BIG }],
  ['a worst search', '{% if s contains p %}{% endif %}', { s: BIG, p: `b${BIG.slice(0, 500_000)}` }],
  ['a worst split', '{{ s | split: p | size }}', { s: BIG, p: `b${BIG.slice(0, 500_000)}` }],
  ...[JSON.rawJSON(`${'1'.repeat(500_000)}2`), [`${'1'.repeat(500_000)}2`]].map((p): (typeof HOSTILE)[number] => [
    'a worst search for what is no text',
    '{{ s | remove_last: p | size }}',
    { s: '1'.repeat(1_000_000), p },
  ]),
  ['a thousand filters', `{{ s ${'| url_encode '.repeat(700)} | size }}`, { s: '%'.repeat(1_000_000) }],
  ['deep nesting', '{% if true %}'.repeat(400) + '{% endif %}'.repeat(400)],
  ['unclosed tags', '{% if true %}'.repeat(700)],
  ['unclosed outputs', '{{'.repeat(5000)],
  ['half of everything', '{{ "'.repeat(2500)],
  ['brackets', `{{ a${'['.repeat(9000)} }}`],
  ['parentheses', `{{ ${'('.repeat(9000)} }}`],
  ['many conditions', `{% if ${'a == b and '.repeat(800)} a %}{% endif %}x`, { a: [BIG], b: [BIG] }],
  ['a template of a megabyte', `${BIG}{{ a }}`],
  ['a template of braces', '{'.repeat(1_000_000)],
]

t.test('no template takes long, grows or crashes', async (t) => {
  for (const [name, text, scope] of HOSTILE) {
    const spent = countProcessorTime()
    const result = refusal(text, scope)
    const took = spent()
    t.ok(took < 3000, `${name} took ${Math.round(took)} ms`)
    t.notMatch(
      result,
      /node_modules|at .*\(|Maximum call|undefined is not|Cannot read|Invalid string/,
      `${name}: ${result}`,
    )
  }
  t.match(refusal('a\n{{ "x" | append: (n..2) }}'), /^line 2, column 18: a range must begin/)
  t.match(refusal('{{ s }}', { s: BIG }), 'is longer than 20000 characters')
  t.match(refusal(`${BIG.slice(0, 20_000)}{{ a }}`), 'must not be longer than 10000 characters')
  t.equal(checkTemplate(BIG), 'must not be longer than 10000 characters')
})

t.test('all templates of an action share one limit of time, and one of length', async (t) => {
  const slow = `{% for i in (1..100000) %}{% assign x = i %}{% endfor %}`
  const spent = countProcessorTime()
  const fill = fillerOf(SCOPE, { ...LIMITS, ms: 200 })
  const results = Array.from({ length: 100 }, () => {
    try {
      return fill(slow).text
    } catch (error) {
      return error instanceof TemplateError ? `${error.isLimit}: ${error.message}` : error
    }
  })
  t.match(results.at(-1), 'true: takes too long')
  t.ok(spent() < 1500, `100 of them took ${Math.round(spent())} ms`)

  const long = fillerOf(SCOPE, LIMITS)
  for (let i = 0; i < 5; i++) long(`{{ run.id }}${'x'.repeat(9000)}`)
  t.throws(() => long(`{{ run.id }}${'x'.repeat(9000)}`), { message: /^all templates together .* 50000 characters$/ })
  const wide = fillerOf({ s: 'x'.repeat(19_000) }, LIMITS)
  t.throws(() => Array.from({ length: 60 }, () => wide('{{ s }}')), { message: /^all texts are longer than 1048576/ })
})

t.test('where a text is needed, an object is its JSON', async (t) => {
  const object = '{"type":"x","n":1}'
  const list = SCOPE.event.items.map((item) => JSON.stringify(item))
  const right: [template: string, result: string][] = [
    ['{{ event.items[0] }}', object],
    ['{{ event.items }}', list.join('')],
    ['{{ event.items | json }}', JSON.stringify(SCOPE.event.items)],
    ['{{ event.items[0] | append: "!" }}{{ "!" | append: event.items[0] }}', `${object}!!${object}`],
    ['{{ event.items[0] | upcase }}', object.toUpperCase()],
    ['{{ event.items | join: ", " }}', list.join(', ')],
    ['{{ event.items[0] | default: "none" | json }}', object],
    ['{{ nothing | default: event.items[0] }}', object],
    ['{{ event.items | slice: 1, 1 | map: "n" }} {{ event.items[0] | slice: 0, 6 }}', '2 {"type'],
    ['{{ event.items[0] | plus: 1 }} {{ event.items | sum }} {{ event.items | sum: "n" }}', '1 0 3'],
    [
      '{{ event.items | sort | size }} {{ event.items | group_by: "type" | first }}',
      `2 {"name":"x","items":[${object}]}`,
    ],
    ['{% capture all %}{{ event.items[0] }}{% endcapture %}{{ all | size }}', String(object.length)],
    ['{% if event.items[0] < 2 %}less{% else %}not less{% endif %}', 'not less'],
    ['{{ event.items[0].constructor }}{{ event.toString }}{{ __proto__ }}{{ event.hasOwnProperty | json }}', ''],
    ['{% for __proto__ in event.items %}{{ n }}{{ type }}{% endfor %}', ''],
  ]
  for (const [template, result] of right) t.equal(render(template, SCOPE), result, template)
  const own = JSON.parse(
    '{"event":{"__proto__":{"a":1},"constructor":{"prototype":2},"toString":3,"toJSON":4,"size":5}}',
  )
  t.equal(
    render('{{ event.__proto__.a }}{{ event.constructor.prototype }}{{ event.toString }}{{ event.size }}', own),
    '1235',
  )
  t.equal(render('{{ event }}', own), JSON.stringify(own.event))
})

t.test('keys that would make a text of an object are keys', async (t) => {
  const odd = {
    items: [
      { toString: 1, valueOf: 1, n: 2 },
      { toString: 2, valueOf: 2, n: 1 },
    ],
  }
  t.equal(render('{{ items | sort | map: "n" }} {{ items | sum }} {{ items | sort: "n" | map: "n" }}', odd), '21 0 12')
})

t.test('a format of dates is short, because nothing looks at the clock in it', async (t) => {
  t.match(
    refusal(
      '{% assign f = "%b" %}{% for i in (1..12) %}{% assign f = f | append: f %}{% endfor %}{{ "now" | date: f }}',
    ),
    /format of at most 200 characters/,
  )
})

t.test('what no template may do to what the others see', async (t) => {
  const fill = fillerOf(SCOPE)
  const before = fill('{{ event }}').text
  for (const text of [
    '{% assign event = 1 %}{% assign run = event %}{% increment automation %}{{ event }}',
    '{{ event.items | reverse | sort: "type" | pop | shift | size }}{{ event.tags | sort | uniq | compact }}',
    '{% for item in event.items %}{% assign item = 1 %}{% endfor %}{% capture event %}x{% endcapture %}',
  ])
    fill(text)
  t.equal(fill('{{ event }}').text, before)
})

t.test('what Postgres can not hold is replaced, and it is said', async (t) => {
  const fill = fillerOf({ name: '🎉 Party', back: '\\ud83c', data: Buffer.from('a\0b').toString('base64') }, LIMITS)
  t.same(fill('{{ name | split: "" | first }}'), { text: '\ufffd', isReplaced: true })
  t.same(fill('{{ data | base64_decode }}'), { text: 'a\ufffdb', isReplaced: true })
  t.same(fill('{{ name }}'), { text: '🎉 Party', isReplaced: false })
  for (const encode of ['base64_encode', 'sha256', 'hmac_sha256: "k"'])
    t.equal(fill(`{{ name | split: "" | first | ${encode} }}`).isReplaced, true, encode)
  for (const encode of ['url_encode', 'uri_escape', 'cgi_escape'])
    t.same(fill(`{{ name | split: "" | first | ${encode} }}`), { text: '%EF%BF%BD', isReplaced: true }, encode)
  t.same(fill('{{ name | split: "" | json }}').text.slice(0, 8), '["\ufffd","\ufffd"')
  t.same(fill('{{ name | split: "" | json }}').isReplaced, true)
  t.same(fill('{{ back | json }} {{ name | json }}'), { text: '"\\\\ud83c" "🎉 Party"', isReplaced: false })
  t.throws(() => fill('{{ "%zz" | url_decode }}'), { message: /"url_decode" can't read what it is given$/ })
})

/** The limit is of time by the clock, of which a busy machine may give most to others: so it has more than one try. */
function renderPatiently(text: string, scope: Record<string, unknown>): string {
  for (let tries = 1; tries < 10; tries++) {
    const result = refusal(text, scope)
    if (!result.includes('takes too long')) break
  }
  return render(text, scope)
}

t.test('a megabyte of an event may be looked through', async (t) => {
  const items = Array.from({ length: 20_000 }, (_, n) => ({ type: n === 19_999 ? 'last' : 'x', text: 'y'.repeat(30) }))
  t.equal(
    renderPatiently('{{ event.items | where: "type", "last" | size }} of {{ event.items.size }}', { event: { items } }),
    '1 of 20000',
  )
  t.equal(
    renderPatiently('{{ s | truncate: 5 }} {{ s | split: "," | size }} {{ s | replace: "a", "b" | slice: 0, 2 }}', {
      s: BIG,
    }),
    'aa... 1 bb',
  )
})
