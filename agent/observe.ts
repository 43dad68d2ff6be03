import { request as ask, type ClientRequest, createServer, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'

/** Of each body so much is kept. */
export const KEPT_BYTES = 65_536

/** Names and values in turns, as they were written. */
export type Message = { headers: string[]; body: Buffer; bytes: number; isWhole: boolean }

/** A request that passed, and its answer as far as it has come. */
export type Exchange = {
  id: number
  at: Date
  method: string
  path: string
  request: Message
  response: (Message & { status: number; ms: number }) | undefined
  replayOf: number | undefined
}

/**
 * Makes what reads along: Node's own parsers are given copies of the bytes, which pass untouched whatever those make of them.
 *
 * @param onExchange is given each request once its headers are there; what follows of it comes into the same object.
 */
export function createObserver(onExchange: (exchange: Omit<Exchange, 'id'>) => void) {
  const server = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 })
  const onRequest = new WeakMap<Duplex, (request: IncomingMessage) => void>()
  const seen = (request: IncomingMessage) => onRequest.get(request.socket)?.(request)
  server.on('request', (request, response) => {
    seen(request)
    // Nobody reads this answer: it lets the parser go on to the next request.
    request.once('end', () => response.end())
  })
  server.on('checkContinue', (request, response) => void server.emit('request', request, response))
  // What follows is no HTTP, and nobody reads it along.
  server.on('upgrade', (request) => {
    seen(request)
    request.socket.destroy()
  })
  server.on('clientError', () => {}) // the service will say what it thinks of it

  return (stream: Duplex, service: Duplex): void => {
    const requests = copy()
    let answers: Copy | undefined
    onRequest.set(requests.stream, (request) => {
      const exchange = begin(request)
      onExchange(exchange)
      answers?.end()
      answers = copy()
      readAnswer(answers.stream, exchange)
    })
    server.emit('connection', requests.stream)
    stream.on('data', requests.push).once('close', requests.end)
    service.on('data', (chunk: Buffer) => answers?.push(chunk)).once('close', () => answers?.end())
  }
}

function begin(request: IncomingMessage): Omit<Exchange, 'id'> {
  const message = keep(request)
  const { method = '', url = '' } = request
  return { at: new Date(), method, path: url, request: message, response: undefined, replayOf: undefined }
}

/** Reads an answer that comes on a stream of its own, as the answer to a request with that method. */
function readAnswer(stream: Duplex, exchange: Omit<Exchange, 'id'>): void {
  const began = performance.now()
  const { method, path, request } = exchange
  const headers = asksForUpgrade(request) ? { connection: 'Upgrade', upgrade: 'any' } : {}
  const out = ask({ createConnection: () => stream, method, path, headers })
  takeAnswer(out, exchange, began)
  out.end()
}

/** Whether a request asks for another protocol. */
export function asksForUpgrade({ headers }: Message): boolean {
  return headers.some((each, i) => i % 2 === 0 && each.toLowerCase() === 'upgrade')
}

/** Writes the answer to a request into its exchange, as it comes. */
export function takeAnswer(out: ClientRequest, exchange: Omit<Exchange, 'id'>, began: number): void {
  const answered = (answer: IncomingMessage): void => {
    const response = Object.assign(keep(answer), {
      status: answer.statusCode ?? 0,
      ms: performance.now() - began,
    })
    exchange.response = response
  }
  out.once('response', answered)
  out.once('upgrade', (answer, socket) => {
    answered(answer)
    socket.destroy()
  })
  out.on('error', () => {}) // there is no answer, and that is what is shown
}

/** Keeps the beginning of a message, and counts the rest. */
function keep(message: IncomingMessage): Message {
  const kept: Message = { headers: message.rawHeaders, body: Buffer.alloc(0), bytes: 0, isWhole: false }
  message.on('data', (chunk: Buffer) => {
    const room = KEPT_BYTES - kept.body.length
    if (room > 0) kept.body = Buffer.concat([kept.body, chunk.subarray(0, room)])
    kept.bytes += chunk.length
  })
  message.once('end', () => {
    kept.isWhole = true
  })
  message.on('error', () => {}) // it was cut, and that is what is shown
  return kept
}

type Copy = { stream: Duplex; push(chunk: Buffer): void; end(): void }

/** A stream from which a parser reads copies, and which forgets what is written to it. */
function copy(): Copy {
  const stream = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done()
    },
  })
  const nothing = () => stream
  Object.assign(stream, {
    setTimeout: nothing,
    setNoDelay: nothing,
    setKeepAlive: nothing,
    ref: nothing,
    unref: nothing,
  })
  stream.on('error', () => {})
  return {
    stream,
    push: (chunk) => void (stream.readableEnded || stream.destroyed || stream.push(chunk)),
    end: () => void (stream.readableEnded || stream.destroyed || stream.push(null)),
  }
}
