import { PassThrough } from 'node:stream'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import type { AgentEvent } from '../../agent/agent.ts'
import { showAsJson, showAsLines, showOnScreen } from '../../agent/show.ts'
import { bytes, escapeControls, milliseconds } from '../../agent/text.ts'

const EVENTS: AgentEvent[] = [
  { event: 'connected', sessions: 1, server: 's1', transport: 'upgrade' },
  { event: 'ready', url: 'http://demo.localhost:8081', server: 's1' },
  { event: 'round-trip', ms: 12.34 },
  { event: 'request', method: 'GET', path: '/a\u001b[2J\u0007b', status: 200, ms: 3.21, bytes: 1234 },
  { event: 'disconnected', sessions: 0, reason: 'gone\r\n\u001b]0;x', retryMs: 1500 },
]

function terminal(columns = 90) {
  const stream = Object.assign(new PassThrough(), { columns, rows: 24, isTTY: true })
  const writes: string[] = []
  stream.on('data', (chunk) => writes.push(String(chunk)))
  return { out: stream as unknown as NodeJS.WriteStream, writes }
}

const load = () => ({ sessions: 1, servers: 1, openStreams: 2, bytesIn: 1_234_567, bytesOut: 42 })

t.test('a line for whatever happens, with nothing in it that moves a cursor', async (t) => {
  const { out, writes } = terminal()
  const display = showAsLines({ out, to: 'http://127.0.0.1:3000', isQuiet: false })
  for (const event of EVENTS) display.onEvent(event)
  display.note('a note')
  await turn()
  await turn()
  t.equal(writes.length, 1, 'what comes at once is written at once')
  const lines = writes.join('').split('\n')
  t.match(lines[0], /^\d\d:\d\d:\d\d connected: 1 session$/)
  t.match(lines[1], /http:\/\/demo\.localhost:8081 leads to http:\/\/127\.0\.0\.1:3000$/)
  t.match(lines[2], /GET \/a\\u001b\[2J\\u0007b 200 3\.2 ms 1\.2 kB$/)
  t.match(lines[3], /0 sessions: gone\\u000d\\u000a\\u001b\]0;x; again in 1\.5 s$/)
  t.match(lines[4], /a note$/)
})

t.test('an object a line', async (t) => {
  const { out, writes } = terminal()
  const display = showAsJson({ out, isQuiet: true })
  for (const event of EVENTS) display.onEvent(event)
  display.close()
  await turn()
  const said = writes
    .join('')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(said, [{ time: /^2/, event: 'connected' }, { event: 'ready' }, { event: 'disconnected' }])
  t.equal(said.length, 3, 'quiet')
})

t.test('a screen keeps to its width, whatever there is to say', async (t) => {
  for (const columns of [20, 30, 45, 80, 200]) {
    const { out, writes } = terminal(columns)
    const none = () => ({ ...load(), sessions: 0 })
    const display = showOnScreen({ out, to: 'http://127.0.0.1:3000', load: none, isQuiet: false, hasColor: true })
    const request = EVENTS[3]
    if (request?.event === 'request') display.onEvent({ ...request, path: `/${'long/'.repeat(50)}` })
    display.onEvent({ event: 'disconnected', sessions: 0, reason: 'the server answered 503: '.repeat(5), retryMs: 100 })
    display.note('a note of some length, longer than the screen is wide by far')
    display.close()
    await wait(0)
    const plain = stripVTControlCharacters(writes.join('')).split('\n')
    for (const line of plain) t.ok(line.replace('\r', '').length < columns, `${columns}: ${line}`)
    t.match(plain.join('\n'), 'connectin')
  }
})

t.test('a screen is drawn ten times a second at the most', async (t) => {
  for (const hasColor of [true, false]) {
    const { out, writes } = terminal()
    const display = showOnScreen({ out, to: 'http://127.0.0.1:3000', load, isQuiet: false, hasColor })
    const began = performance.now()
    while (performance.now() - began < 550) {
      for (const event of EVENTS.slice(0, 4)) display.onEvent(event)
      await wait(5)
    }
    display.close()
    await wait(0)
    t.ok(writes.length >= 4 && writes.length <= 10, `${writes.length} writes`)
    const last = writes.at(-2) ?? ''
    t.match(last, /URL +(?:\S*)http:\/\/demo\.localhost:8081/)
    t.match(last, /Server +s1, 1 session, 12 ms away/)
    t.match(last, /Requests +\d+, p50 3\.2 ms, p90 3\.2 ms, 2 streams open/)
    t.match(last, /Bytes +1\.2 MB in, 42 B out/)
    t.match(last, /GET +\/a\\u001b\[2J\\u0007b/)
    t.notMatch(last, '\u0007')
    t.equal(last.includes('\u001b[32m'), hasColor)
    for (const line of last.split('\n')) t.ok(stripVTControlCharacters(line).length <= 90, line)
    t.equal(writes.at(-1), '\u001b[?25h', 'and the cursor comes back')
  }
})

t.test('figures for people', async (t) => {
  t.same([0, 999, 1000, 12_345, 5e9].map(bytes), ['0 B', '999 B', '1.0 kB', '12 kB', '5.0 GB'])
  t.same([0.04, 12.3, 9999, 12_345].map(milliseconds), ['0.0 ms', '12 ms', '9999 ms', '12.3 s'])
  t.equal(escapeControls('ä\u009b\u202e!'), 'ä\\u009b\\u202e!')
})
