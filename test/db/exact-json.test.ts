import t from 'tap'
import { canonicalNumber, hasExactNumber, isExactNumber, mapExactNumbers, parseExact } from '../../db/exact-json.ts'
import { canonicalJson } from '../../src/canonical-json.ts'
import { countProcessorTime } from '../support/processor-time.ts'

/** Numbers that a double can't give back as they were written. */
const EXACT = [
  '9007199254740993',
  '-9007199254740993',
  '8202522731445525542',
  '12345678901234567890',
  '123456789012345678.5',
  '0.1000000000000000055511151231257827',
  '10000000000000000000000000',
  '1e400',
  '-1E+400',
  '1e-400',
  '0.0000001',
]
/** Numbers that are what a double has. */
const PLAIN = ['0', '-1', '9007199254740992', '0.1', '1.0', '1e5', '1e25', '1E+100', '0.30000000000000004', '1e-7']

t.test('a number that a double can not give back is written as it was read, wherever it stands', async (t) => {
  for (const source of EXACT) {
    t.ok(isExactNumber(parseExact(source)), source)
    for (const text of [source, `[${source}]`, `{"a":{"b":[1,${source},"${source}"]},"__proto__":${source}}`])
      t.equal(JSON.stringify(parseExact(text)), text)
    t.equal(JSON.stringify(parseExact(` [ 1 ,\n${source} ]`)), `[1,${source}]`)
  }
})

t.test('every other number is a number, and the rest is as JSON.parse has it', async (t) => {
  for (const source of PLAIN) t.equal(parseExact(source), Number(source))
  const text = `{"a":[${PLAIN}],"id":9007199254740993,"__proto__":{"x":1},"text":"12345678901234567890, 1e999"}`
  const value = parseExact(text) as Record<string, unknown>
  t.same(value.a, PLAIN.map(Number))
  t.same(Object.keys(value), ['a', 'id', '__proto__', 'text'])
  t.equal(Reflect.get({}, 'x'), undefined)
  const number = '9007199254740993'
  const none = [
    '',
    '{',
    '[1,]',
    `0${number}`,
    `[-0${number}]`,
    `${number}.`,
    `[${number}`,
    `[${number}x]`,
    `[1 ${number}]`,
  ]
  const noKeys = [`{ ${number}:1}`, `{"a":1, ${number} : 1}`, `{ ${number}}`, `"a" ${number}`]
  for (const wrong of [...none, ...noKeys]) t.throws(() => parseExact(wrong), { name: 'SyntaxError' }, wrong)
})

t.test('equal numbers have one canonical text, which is that of RFC 8785 where a double has it', async (t) => {
  const same = [
    ['12345678901234567890', '12345678901234567890.0', '1234567890123456789e1'],
    ['9007199254740993', '9007199254740993.00'],
    ['1e400', '10e399', '0.1e401'],
  ]
  for (const texts of same) t.equal(new Set(texts.map((text) => canonicalJson(parseExact(text)))).size, 1, `${texts}`)
  t.equal(canonicalJson(parseExact('[10000000000000000000000000, 1e25]')), '[1e+25,1e+25]')
  t.not(canonicalJson(parseExact('9007199254740993')), canonicalJson(parseExact('9007199254740992')))
  t.equal(canonicalNumber(JSON.rawJSON('-90071992547409930')), '-9007199254740993e1')
})

t.test('exact numbers are found and changed, and nothing else is', async (t) => {
  const value = parseExact('{"a":[1,"2",null,{"b":9007199254740993}]}')
  t.ok(hasExactNumber(value))
  t.same(
    mapExactNumbers(value, ({ rawJSON }) => `<${rawJSON}>`),
    { a: [1, '2', null, { b: '<9007199254740993>' }] },
  )
  t.notOk(hasExactNumber({ a: [1, { rawJSON: '1' }] }), 'what only looks like one is none')
})

t.test('what looks like a number in a string is none, whatever is escaped in it', async (t) => {
  const strings = [':9007199254740993,', '",9007199254740993,"', '\\', '\\",9007199254740993', '\n 1e999 ', '']
  const text = JSON.stringify(strings.map((each) => ({ [`k${each}`]: [each, JSON.rawJSON('9007199254740993'), each] })))
  t.equal(JSON.stringify(parseExact(text)), text)
  t.same(parseExact(JSON.stringify(strings)), strings)
})

t.test('no number takes long to read, and none makes others take long', async (t) => {
  const zeros = '0'.repeat(500_000)
  const texts: [name: string, text: string][] = [
    ['a row of zeros', `{"a":0.1${zeros}1}`],
    ['many digits', `[${'9'.repeat(1_000_000)}]`],
    ['many digits and no number', `[${'9'.repeat(1_000_000)}x]`],
    ['many numbers in one string', `["${'9007199254740993,'.repeat(60_000)}"]`],
    ['many numbers behind no quote', `[${'9007199254740993,'.repeat(60_000)}1]`],
    ['many small ones beside it', `[${'1,'.repeat(500_000)}9007199254740993]`],
    ['depth', `${'['.repeat(400_000)}9007199254740993${']'.repeat(400_000)}`],
  ]
  for (const [name, text] of texts) {
    const spent = countProcessorTime()
    try {
      canonicalOf(parseExact(text))
    } catch (error) {
      t.match(error, { name: 'SyntaxError' }, name)
    }
    const took = spent()
    t.ok(took < 2000, `${name} took ${Math.round(took)} ms`)
  }
})

/** Of a list of one or of an object of one number, where it is one. */
function canonicalOf(value: unknown): string | undefined {
  const [first] = Object.values(Object(value))
  return isExactNumber(first) ? canonicalNumber(first) : undefined
}
