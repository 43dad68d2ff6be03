import t from 'tap'
import { changesBetween } from '../../console/text/changes.ts'
import { dayIn, dayOf, endOf, nearnessOf } from '../../console/text/days.ts'
import { between, durationOf } from '../../console/text/duration.ts'
import { parseExactly } from '../../console/text/exact.ts'
import { placesOf } from '../../console/text/pointers.ts'
import { bytesOf, countOf } from '../../console/text/sizes.ts'

t.test('a document is read place by place, by JSON pointer', async (t) => {
  const document = { cron: '0 9 * * *', action: { headers: { 'a/b': 1, 'c~d': 2 } }, paths: ['/x'], empty: {} }
  t.strictSame(placesOf(document), [
    { path: '/cron', value: '0 9 * * *' },
    { path: '/action/headers/a~1b', value: 1 },
    { path: '/action/headers/c~0d', value: 2 },
    { path: '/paths', value: ['/x'] },
    { path: '/empty', value: {} },
  ])
})

t.test('two documents differ by what came, what went and what is another', async (t) => {
  const before = { status: 'draft', digest: 'a', old: 1 }
  const after = { status: 'active', digest: 'a', new: [1] }
  t.strictSame(changesBetween(before, after), [
    { path: '/status', op: 'replace', before: 'draft', after: 'active' },
    { path: '/old', op: 'remove', before: 1 },
    { path: '/new', op: 'add', after: [1] },
  ])
  t.strictSame(changesBetween(before, before), [])
})

t.test('a number stays as it was written', async (t) => {
  for (const text of [
    '1e400',
    '123456789012345678901234567890',
    '0.1',
    '-0',
    '1.0',
    '[1E3,{"a":1e-400}]',
    '{"__proto__":1}',
  ])
    t.equal(JSON.stringify(parseExactly(text)), text, text)
  t.strictSame(parseExactly('{"a":[1,"2",null,true]}'), { a: [1, '2', null, true] })
  t.strictSame(placesOf(parseExactly('{"a":1e400}')).length, 1, 'it has no members')
  t.equal(changesBetween(parseExactly('{"a":1e400}'), parseExactly('{"a":1e401}')).length, 1)
})

t.test('texts differ as a whole', async (t) => {
  t.strictSame(changesBetween('a', 'b'), [{ path: '', op: 'replace', before: 'a', after: 'b' }])
})

t.test('a length of time is said in its two largest units', async (t) => {
  const said = [-5, 12, 2345, 61_000, 7_260_000, 180_000_000].map(durationOf)
  t.strictSame(said, ['0 ms', '12 ms', '2.3 s', '1 min 1 s', '2 h 1 min', '2 days 2 h'])
})

t.test('a clock that went back makes no length of time less than nothing', async (t) => {
  t.equal(between('2026-11-27T10:00:00.500Z', '2026-11-27T10:00:01Z'), 500)
  t.equal(between('2026-11-27T10:00:01Z', '2026-11-27T10:00:00Z'), 0)
})

t.test('sizes and counts are said in words', async (t) => {
  t.strictSame([0, 999, 1500, 2_500_000, 3e12].map(bytesOf), ['0 bytes', '999 bytes', '1.5 kB', '2.5 MB', '3.0 TB'])
  t.strictSame([countOf(1, 'run'), countOf(2, 'run'), countOf(1200, 'run')], ['1 run', '2 runs', '1,200 runs'])
})

t.test('a day ends with its last second, by the clock of whoever reads', async (t) => {
  t.equal(dayOf(endOf('2026-11-27')), '2026-11-27')
  t.equal(dayOf(new Date(2026, 0, 5)), '2026-01-05')
  t.equal(dayIn(1, new Date(2026, 10, 30, 12).getTime()), '2026-12-01')
})

t.test('the end of a token is over, soon or far', async (t) => {
  const now = Date.parse('2026-11-27T12:00:00Z')
  const ends = ['2026-11-27T12:00:00Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z']
  t.strictSame(
    ends.map((end) => nearnessOf(end, now)),
    ['over', 'soon', 'far'],
  )
})
