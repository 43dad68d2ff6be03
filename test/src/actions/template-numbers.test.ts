import t from 'tap'
import { parseExact } from '../../../db/exact-json.ts'
import { fillerOf } from '../../support/filling.ts'
import { countProcessorTime } from '../../support/processor-time.ts'

const ID = '8202522731445525542'
/** 2^53 + 1, the first that a double does not have. */
const LONG = '9007199254740993'
const SCOPE = parseExact(`{
  "id": ${ID}, "a": ${LONG}, "b": 9007199254740992,
  "list": [${LONG}, 9007199254740991, ${LONG}, 9007199254740992.5, 5],
  "items": [{"n": ${LONG}, "x": 1}, {"n": ${LONG}, "x": 2}, {"n": 1, "x": 3}, {"x": 4}]
}`)

function filled(text: string): string {
  return fillerOf(SCOPE)(text).text
}

t.test('a long number is its digits, whatever is done with it as text', async (t) => {
  t.equal(filled('{{ id }} {{ id | json }} {{ id | append: "!" }} {{ id | url_encode }}'), `${ID} ${ID} ${ID}! ${ID}`)
  t.equal(filled('{{ id | slice: 0, 3 }} {{ id | default: 1 }} {{ id | split: "" | size }}'), `820 ${ID} 19`)
  t.equal(filled('{{ list | json }}'), `[${LONG},9007199254740991,${LONG},9007199254740992.5,5]`)
  t.equal(filled('{{ list | join: ";" }}'), `${LONG};9007199254740991;${LONG};9007199254740992.5;5`)
  t.equal(
    filled(`{{ ${LONG} }} {{ 12345678901234567890 | json }}`),
    `${LONG} 12345678901234567890`,
    'in a template too',
  )
  t.equal(filled('[{{ id.constructor }}{{ id.toString }}{{ id.source }}{{ id.decimal }}{{ id["#source"] }}]'), '[]')
})

t.test('long numbers are compared by all their digits', async (t) => {
  t.equal(
    filled('{% if a == b %}equal{% elsif a > b and b < a and a >= b and b <= a and a != b %}more{% endif %}'),
    'more',
  )
  t.equal(filled(`{% if a == ${LONG} and list contains ${LONG} %}yes{% endif %}`), 'yes')
  t.equal(filled(`{% case a %}{% when 9007199254740992 %}no{% when ${LONG} %}yes{% endcase %}`), 'yes')
  t.equal(filled('{% if a == "text" or a == nil %}no{% else %}yes{% endif %}'), 'yes')
  t.equal(filled('{{ list | sort | join: " " }}'), `5 9007199254740991 9007199254740992.5 ${LONG} ${LONG}`)
  t.equal(filled('{{ items | sort: "n" | map: "x" | join }}'), '3 1 2 4', 'what is not there comes last')
  t.equal(filled('{{ list | uniq | size }}'), '4')
  t.equal(filled(`{{ items | where: "n", ${LONG} | map: "x" | join }}`), '1 2')
  t.equal(filled('{{ items | group_by: "n" | map: "items" | map: "size" | join }}'), '2 1 1')
})

t.test('what is no number is neither more nor less than a long one', async (t) => {
  for (const other of ['nil', 'empty', 'nothing', '"text"', 'items', 'true'])
    t.equal(
      filled(`{% if id > ${other} or id < ${other} or id >= ${other} or ${other} >= id %}yes{% endif %}`),
      '',
      other,
    )
  t.equal(filled('{% if id > "5" and "5" < id %}yes{% endif %}'), 'yes', 'a text of digits is one')
})

t.test('a time in nanoseconds becomes a date once it is seconds', async (t) => {
  const ts = '1700000000123456789 | divided_by: 1000000000'
  t.equal(filled(`{{ ${ts} }}`), '1700000000.123456789')
  t.equal(filled(`{{ ${ts} | date: "%Y-%m-%d %H:%M:%S" }}`), '2023-11-14 22:13:20')
  t.match(filled(`{{ ${ts} | date_to_xmlschema }}`), /^2023-11-14T22:13:20/)
  t.equal(filled('{{ id | date: "%Y" }}'), ID, 'what is no time is shown as it is')
})

t.test('calculations are decimal', async (t) => {
  const right: [template: string, result: string][] = [
    ['0.0725 | times: 100', '7.25'],
    ['0.1 | plus: 0.2', '0.3'],
    ['3 | times: 1.1', '3.3'],
    ['1.005 | round: 2', '1.01'],
    ['id | plus: 1', '8202522731445525543'],
    ['id | minus: a', '8193515532190784549'],
    ['id | times: id', '67281379159880565132190683412574393764'],
    ['id | divided_by: 2', '4101261365722762771'],
    ['id | modulo: 10', '2'],
    ['list | sum', '36028797018963974.5'],
    ['items | sum: "n"', '18014398509481987'],
    ['id | at_least: 5', ID],
    ['id | at_most: 5', '5'],
    [`"${ID}" | to_integer | plus: 1`, '8202522731445525543'],
    ['0.00000002 | times: 2', '0.00000004'],
    [`${'9'.repeat(350)} | plus: 1`, `1${'0'.repeat(350)}`],
    ['100000000000 | times: 100000000000', '10000000000000000000000'],
  ]
  const asBefore: [template: string, result: string][] = [
    ['7 | divided_by: 2', '3.5'],
    ['10 | divided_by: 3', '3.333333333333333'],
    ['20.0 | divided_by: 7', '2.857142857142857'],
    ['10 | divided_by: 3, true', '3'],
    ['5 | modulo: 3', '2'],
    ['-5 | modulo: 3', '1'],
    ['2.5 | round', '3'],
    ['-2.5 | round', '-3'],
    ['1234 | round: -2', '1200'],
    ['"3.7" | ceil', '4'],
    ['-3.2 | floor', '-4'],
    ['"-7" | abs', '7'],
    ['"1" | plus: "2"', '3'],
    ['"abc" | plus: 1', '1'],
    ['nil | plus: 2', '2'],
    ['4.0 | plus: 1', '5'],
  ]
  for (const [template, result] of [...right, ...asBefore]) t.equal(filled(`{{ ${template} }}`), result, template)
})

t.test('a number of a million digits takes no time', async (t) => {
  const scope = parseExact(`{"n":${'9'.repeat(1_000_000)},"m":1e-400}`)
  const fill = fillerOf(scope)
  t.throws(() => fill('{{ n | times: n | plus: 1 | divided_by: n }}'), { message: /makes too large a number$/ })
  t.throws(() => fill('{{ n }}'), { message: /longer than 20000 characters/ })
  t.equal(fill('{{ m }} {% if m == 0 %}nothing{% endif %}').text, '1e-400 ')
})

t.test('what has no number for its result says so, and all others are written out', async (t) => {
  const fill = fillerOf(parseExact('{"large":1e400,"small":1e-400,"zero":0}'))
  for (const filter of ['divided_by: zero', 'divided_by: "0.0"', 'modulo: zero', 'divided_by: "x"'])
    t.throws(() => fill(`{{ 5 | ${filter} }}`), { message: /divides by zero$/ }, filter)
  t.equal(fill('{{ large | times: large }}').text, `1${'0'.repeat(800)}`)
  t.equal(fill('{{ small | times: small }}').text, `0.${'0'.repeat(799)}1`)
  t.throws(() => fill('{{ large | times: large | times: large }}'), { message: /makes too large a number$/ })
  t.equal(fill(`{{ ${'9'.repeat(500)} }}`).text, '9'.repeat(500))
  t.throws(() => fill(`{{ ${'9'.repeat(500)} | plus: 1 }}`), { message: /makes too large a number$/ })
})

t.test('many numbers of many digits take little time', async (t) => {
  const list = Array.from({ length: 20_000 }, (_, i) => `${1 + ((i * 7919) % 20_000)}${'1'.repeat(390)}`)
  const scope = parseExact(`{"long":[${list}],"short":[${'3,1,'.repeat(500_000)}2]}`)
  const fill = fillerOf(scope)
  const spent = countProcessorTime()
  t.match(fill('{{ long | sort | last }}').text, /^200001{390}$/)
  t.match(fill('{{ long | sum }}').text, /^\d{399}$/)
  t.equal(fill('{{ short | sort | first }}').text, '1')
  const took = spent()
  t.ok(took < 4000, `it took ${Math.round(took)} ms`)
  const hasty = fillerOf(scope, { ms: 50 })
  t.throws(() => hasty('{{ short | sum }}'), { message: /takes too long/ })
})
