import type { AgentEvent, Load } from './agent.ts'
import { bytes, clock, escapeControls, milliseconds } from './text.ts'

/** Tells a person, or a program, what an agent does. */
export type Display = {
  onEvent(event: AgentEvent): void
  /** A sentence of another part of this program. */
  note(sentence: string): void
  close(): void
}

export type DisplayOptions = {
  out: NodeJS.WriteStream
  /** Where the service is. */
  to: string
  load: () => Load
  isQuiet: boolean
  hasColor: boolean
}

/** One JSON object a line. */
export function showAsJson({ out, isQuiet }: Pick<DisplayOptions, 'out' | 'isQuiet'>): Display {
  const { write: print, close } = linesTo(out)
  const write = (object: object) => print(escapeControls(JSON.stringify({ time: new Date().toISOString(), ...object })))
  return {
    onEvent(event) {
      if (event.event === 'round-trip' || (isQuiet && event.event === 'request')) return
      write(event)
    },
    note: (message) => write({ event: 'note', message }),
    close,
  }
}

/** One plain line for whatever happens, for what is no terminal. */
export function showAsLines({ out, to, isQuiet }: Pick<DisplayOptions, 'out' | 'to' | 'isQuiet'>): Display {
  let url = ''
  const { write, close } = linesTo(out)
  const say = (text: string) => write(`${clock(new Date())} ${text}`)
  return {
    onEvent(event) {
      if (event.event === 'ready' && event.url !== url) {
        url = event.url
        say(`${escapeControls(url)} leads to ${to}`)
      }
      if (event.event === 'connected') say(`connected: ${sessions(event.sessions)}`)
      if (event.event === 'disconnected')
        say(`${sessions(event.sessions)}: ${escapeControls(event.reason)}; again in ${seconds(event.retryMs)}`)
      if (event.event === 'drain') say('the server is about to stop: moving')
      if (event.event === 'request' && !isQuiet) say(requestLine(event))
    },
    note: (sentence) => say(sentence),
    close,
  }
}

/** Lines that come at once are written at once. */
function linesTo(out: NodeJS.WriteStream): { write(line: string): void; close(): void } {
  let lines = ''
  const flush = () => {
    if (lines !== '') out.write(lines)
    lines = ''
  }
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += `${line}\n`
    },
    close: flush,
  }
}

type Request = Extract<AgentEvent, { event: 'request' }>

const MAX_SHOWN = 200
const MAX_TIMES = 1000
const REDRAW_EVERY_MS = 100
/** A text, and its colour as ANSI numbers those; 0 is none. */
type Part = [color: number, text: string]

const CLEAR_LINE = '\x1b[K'
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'

/** A screen that is drawn anew where something changed, ten times a second at the most. */
export function showOnScreen({ out, to, load, isQuiet, hasColor }: DisplayOptions): Display {
  const state = { url: '', server: '', roundTrip: 0, problem: '', notes: [] as string[], count: 0 }
  const requests: { at: Date; request: Request }[] = []
  const times: number[] = []
  let lines = 0
  let isDue = true
  const paint = (code: number, text: string) => (hasColor && code > 0 ? `\x1b[${code}m${text}\x1b[0m` : text)
  /** One line of the screen, cut to its width: colours have none. */
  const line = (parts: readonly Part[], width: number): string => {
    let room = width - 1
    return parts
      .map(([code, text]) => {
        const cut = text.slice(0, room)
        room -= cut.length
        return cut === '' ? '' : paint(code, cut)
      })
      .join('')
  }

  function draw(): void {
    const rows = Math.max(out.rows ?? 24, 10)
    const width = Math.max(out.columns ?? 80, 10)
    const top = head(width)
    const room = rows - top.length - 2
    const shown = isQuiet ? [] : requests.slice(-Math.max(room, 1)).map(({ at, request }) => row(at, request, width))
    const all = [...top, ...(shown.length > 0 ? ['', ...shown] : [])]
    // Back to the first line, over what was there, and what is left of it below goes.
    out.write(`${lines > 0 ? `\x1b[${lines}A` : ''}\r${all.map((line) => `${line}${CLEAR_LINE}\n`).join('')}\x1b[J`)
    lines = all.length
  }
  function head(width: number): string[] {
    const { sessions: open, servers, openStreams, bytesIn, bytesOut } = load()
    const word: Part = open > 0 ? [32, 'connected'] : [33, 'connecting']
    const sorted = times.toSorted((a, b) => a - b)
    const [p50, p90] = [0.5, 0.9].map((part) => sorted[Math.floor(sorted.length * part)])
    const of = p50 === undefined || p90 === undefined ? '' : `, p50 ${milliseconds(p50)}, p90 ${milliseconds(p90)}`
    const where = open > 0 ? `${sessions(open)}${servers > 1 ? ` on ${servers} servers` : ''}` : 'none yet'
    const trip = state.roundTrip > 0 ? `, ${milliseconds(state.roundTrip)} away` : ''
    const facts: [name: string, ...parts: Part[]][] = [
      ['Tunnel', word, [33, state.problem === '' ? '' : `  ${state.problem}`]],
      ['URL', [1, state.url === '' ? '…' : state.url]],
      ['Service', [0, to]],
      ['Server', [0, `${state.server === '' ? '' : `${state.server.slice(-12)}, `}${where}${trip}`]],
      ['Requests', [0, `${state.count}${of}, ${openStreams} ${openStreams === 1 ? 'stream' : 'streams'} open`]],
      ['Bytes', [0, `${bytes(bytesIn)} in, ${bytes(bytesOut)} out`]],
      ...state.notes.map((note): [string, Part] => ['', [0, note]]),
    ]
    return facts.map(([name, ...parts]) => line([[0, name.padEnd(10)], ...parts], width))
  }
  function row(at: Date, { method, path, status, ms, bytes: size }: Request, width: number): string {
    const color = status >= 500 ? 31 : status >= 400 ? 33 : 32
    const room = Math.max(width - 45, 8)
    const target = escapeControls(path).slice(0, room).padEnd(room)
    const what = `${clock(at)} ${escapeControls(method).slice(0, 8).padEnd(8)} ${target} `
    const cost = ` ${milliseconds(ms).padStart(9)} ${bytes(size).padStart(9)}`
    return line(
      [
        [0, what],
        [color, String(Number(status))],
        [0, cost],
      ],
      width,
    )
  }
  const due = () => {
    isDue = true
  }
  out.write(HIDE_CURSOR)
  const timer = setInterval(() => {
    if (isDue) draw()
    isDue = false
  }, REDRAW_EVERY_MS)
  // Open streams and bytes change without a word.
  const slow = setInterval(due, 1000)
  out.on('resize', due)
  return {
    onEvent(event) {
      if (event.event === 'ready')
        Object.assign(state, { url: escapeControls(event.url), server: escapeControls(event.server) })
      if (event.event === 'connected') state.problem = ''
      if (event.event === 'disconnected')
        state.problem = `${escapeControls(event.reason).slice(0, 80)}; again in ${seconds(event.retryMs)}`
      if (event.event === 'round-trip') state.roundTrip = event.ms
      if (event.event === 'request') {
        state.count++
        times.push(event.ms)
        requests.push({ at: new Date(), request: event })
        if (times.length > MAX_TIMES) times.shift()
        if (requests.length > MAX_SHOWN) requests.shift()
      }
      due()
    },
    note(sentence) {
      state.notes.push(sentence)
      due()
    },
    close() {
      clearInterval(timer)
      clearInterval(slow)
      draw()
      out.write(SHOW_CURSOR)
    },
  }
}

function requestLine({ method, path, status, ms, bytes: size }: Request): string {
  return `${escapeControls(method)} ${escapeControls(path)} ${Number(status)} ${milliseconds(ms)} ${bytes(size)}`
}

function sessions(count: number): string {
  return `${count} ${count === 1 ? 'session' : 'sessions'}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
