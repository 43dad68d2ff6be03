import t from 'tap'
import { createRenderer, type Source } from '../../../src/actions/renderer.ts'
import { SCOPE } from '../../support/http-action.ts'

const { signal } = new AbortController()
const SLOW = '{% for i in (1..100000) %}{% assign x = i %}{% endfor %}'

const source = (eventBody?: Source['eventBody']): Source => ({
  organizationId: 'o',
  scope: SCOPE,
  ...(eventBody === undefined ? {} : { eventBody }),
})

t.test('what takes a moment and what takes longer give the same', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const templates = {
    to: ['{{ event.body.name }}', '{{ automation.name }}', 'as it is'],
    n: 1,
    [`${'x'.repeat(10)}/y`]: '{{ event.body.name | split: "" | first }}',
  }
  const secrets = { key: 'hunter22' }
  const padding = ' '.repeat(100_000)
  const body = JSON.stringify({ name: '🎉 Party' })
  const use = { '{{ never }}': '{{ secrets.key | upcase }}', ...templates }
  const here = await renderer.render(source(body), use, { secrets, signal })
  const inThread = await renderer.render(source(body + padding), use, { secrets, signal })
  const fetched = await renderer.render(
    source(async () => body),
    use,
    { secrets, signal },
  )
  t.same(here, {
    value: {
      to: ['🎉 Party', 'Digest "A"', 'as it is'],
      n: 1,
      'xxxxxxxxxx/y': '\ufffd',
      '{{ never }}': 'HUNTER22',
    },
    replaced: ['/xxxxxxxxxx~1y'],
    made: ['HUNTER22'],
  })
  t.same(inThread, here)
  t.same(fetched, here)
  const masked = await renderer.render(source(body + padding), use, { secrets: null, signal })
  t.match(masked, { value: { '{{ never }}': '•••' }, made: [] })
})

t.test('a hundred slow templates hold nobody else, and end together', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  let turns = 0
  const others = setInterval(() => turns++, 1)
  const slow = renderer.render(source(), Array(100).fill(SLOW), { secrets: undefined, signal })
  await t.rejects(slow, { name: 'FillError', path: /^\/\d+$/, message: /takes too long$/, isLimit: true })
  clearInterval(others)
  t.ok(turns > 50, `meanwhile this process did ${turns} other things`)
  const after = await renderer.render(source(), ['{{ automation.name }}'], { secrets: undefined, signal })
  t.same(after.value, ['Digest "A"'])
})

t.test('a template that is wrong says where, here and in the thread', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const templates = { a: { 'b/c': ['{{ 1 }}', '\n{{ "a%b%" | url_decode }}'] } }
  for (const body of ['{}', `{}${' '.repeat(100_000)}`])
    await t.rejects(renderer.render(source(body), templates, { secrets: undefined, signal }), {
      path: '/a/b~1c/1',
      message: 'line 2, column 1: cannot be filled in',
    })
})

t.test('who waits for a turn can give up, and who can not fetch an event is told', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const giveUp = new AbortController()
  const first = renderer.render(
    source(async () => '1'),
    ['{{ event.body }}'],
    { secrets: undefined, signal },
  )
  const waiting = renderer.render(
    source(async () => '2'),
    ['{{ event.body }}'],
    {
      secrets: undefined,
      signal: giveUp.signal,
    },
  )
  giveUp.abort(new Error('cancelled'))
  await t.rejects(waiting, { message: 'cancelled' })
  t.same((await first).value, ['1'])
  const gone = async () => Promise.reject(new Error('it is gone'))
  await t.rejects(renderer.render(source(gone), ['{{ 1 }}'], { secrets: undefined, signal }), { message: 'it is gone' })
})

t.test('an event of 25 MiB can be looked through', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const items = Array.from({ length: 200_000 }, (_, n) => ({ n, text: 'y'.repeat(100), last: n === 199_999 }))
  const body = JSON.stringify({ items })
  t.ok(body.length > 24_000_000)
  const { value } = await renderer.render(
    source(async () => body),
    ['{{ event.body.items.size }}', '{{ event.body.items[199999].n }}'],
    { secrets: undefined, signal },
  )
  t.same(value, ['200000', '199999'])
})
