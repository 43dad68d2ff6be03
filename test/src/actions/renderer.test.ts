import t from 'tap'
import { createRenderer, type Source } from '../../../src/actions/renderer.ts'
import { checkTemplate } from '../../../src/actions/template.ts'
import { SCOPE } from '../../support/http-action.ts'
import { countProcessorTime } from '../../support/processor-time.ts'

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
      message: 'line 2, column 1: "url_decode" can\'t read what it is given',
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

t.test('an event of 25 MiB of nothing but small values can be counted, and holds no other template', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const body = `[${'{},'.repeat(8_700_000)}{}]`
  const counting = renderer.render(
    source(async () => body),
    ['{{ event.body | size }}'],
    { secrets: undefined, signal },
  )
  const slow = renderer.render(source(), Array(50).fill(SLOW), { secrets: undefined, signal })
  await t.rejects(slow, { message: /takes too long$/ })
  const whole = counting.then(() => 'counted')
  t.equal(await Promise.race([whole, Promise.resolve('not yet')]), 'not yet', 'the slow one waited for no event')
  t.same((await counting).value, ['8700001'])
})

t.test('an organization whose templates were slow tries nothing more here for a while; others do', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const render = (organizationId: string, template: string) =>
    renderer.render({ ...source(), organizationId }, Array(50).fill(template), { secrets: undefined, signal })
  const spent = countProcessorTime()
  await Promise.all(Array.from({ length: 5 }, () => t.rejects(render('slow', SLOW), { message: /takes too long$/ })))
  // Each takes a second of the other process, and the first of them 10 ms of this one.
  const took = spent()
  t.ok(took < 500, `it took ${Math.round(took)} ms here`)
  t.same((await render('slow', '{{ 1 | plus: 1 }}')).value, Array(50).fill('2'))
  t.same((await render('quick', '{{ 1 | plus: 1 }}')).value, Array(50).fill('2'))
})

t.test('long templates are read ahead, once, and what is found of them is known here', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const long = (start: string) => `{{ ${start}${' | append: secrets.a'.repeat(120)} }}`
  const config = { headers: { a: long('b') }, body: [long('c'), `${long('d')}{{`, 'plain', '{{ short }}'] }
  let turns = 0
  const others = setInterval(() => turns++, 1)
  await renderer.readAhead('o', config, signal)
  clearInterval(others)
  t.ok(turns > 5, `meanwhile this process did ${turns} other things`)
  const spent = countProcessorTime()
  const checks = [config.headers.a, ...config.body].map((text) => checkTemplate(text, { takesSecrets: true }))
  t.ok(spent() < 20, 'nothing of it is read here')
  t.same(
    checks.map(({ secrets }) => secrets),
    [['a'], ['a'], [], [], []],
  )
  t.match(checks[2]?.problem, /^line 1, column \d+: output .* not closed$/)
  await renderer.readAhead('o', config, AbortSignal.abort(new Error('it would wait')))
  await t.rejects(renderer.readAhead('o', [long('e')], AbortSignal.abort(new Error('it waits'))), {
    message: 'it waits',
  })
})

t.test('a template is not blamed for a renderer that is closed', async (t) => {
  const renderer = createRenderer()
  const slow = renderer.render(source(), Array(50).fill(SLOW), { secrets: undefined, signal })
  setTimeout(renderer.close, 300)
  await t.rejects(slow, { name: 'SubprocessLost' })
})

t.test('an output has the secrets that it names, and no other', async (t) => {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  const secrets = { a: 'secret-aaaa', b: 'secret-bbbb' }
  const templates = ['{% assign x = "secrets" %}{{ secrets.a | append: [x].b }}', '{{ secrets.b }}']
  const { value } = await renderer.render(source(), templates, { secrets, signal })
  t.same(value, ['secret-aaaa', 'secret-bbbb'])
})
