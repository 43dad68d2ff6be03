import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError } from '../errors.ts'
import { answerOn } from '../pipelining.ts'

const READ_OUT_MS = 30_000
/** Who was told goodbye has so long to hang up. */
const GOODBYE_MS = 1000

/** An answer of this program in place of the service's: a page for people, JSON in the shape of the API for programs. */
function render(refusal: ApiError, accept: string | undefined): { headers: OutgoingHttpHeaders; body: string } {
  const id = randomUUID()
  const common = { ...refusal.headers, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  const wantsPage = /\btext\/html\b/i.test(accept ?? '')
  const body = wantsPage
    ? page(refusal, id)
    : JSON.stringify({ error: refusal.message, code: refusal.code, request_id: id })
  const headers = {
    ...common,
    'content-type': wantsPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...(wantsPage ? { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" } : {}),
  }
  return { headers, body }
}

/** Nothing in it comes from the request. */
function page({ status, message, code }: ApiError, id: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${status} ${STATUS_CODES[status]}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 20vh auto 0; padding: 0 1.5rem }
  h1 { font-size: 1.5rem; line-height: 1.25 } h1 span { opacity: .6; font-weight: 400 }
  p { opacity: .8 } code { font: .875rem ui-monospace, monospace } :root { color-scheme: light dark }
</style>
<h1><span>${status}</span> ${message[0]?.toUpperCase()}${message.slice(1)}.</h1>
<p>This answer is from Hyperspeed Automations, and not from the service behind the tunnel.</p>
<p><code>${code} ${id}</code></p>
</html>
`
}

/** Refuses a request. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: ApiError): void {
  if (response.headersSent) return void response.destroy()
  const { headers, body } = render(refusal, request.headers.accept)
  if (!request.complete) readOut(request)
  response.writeHead(refusal.status, headers)
  response.end(body)
}

/** Reads what else comes of a body: many send all of it before they read an answer. Not for ever. */
function readOut(request: IncomingMessage): void {
  const cut = setTimeout(() => request.socket.destroy(), READ_OUT_MS)
  for (const event of ['end', 'close']) request.once(event, () => clearTimeout(cut))
  request.resume()
}

/** Refuses a request whose connection is not spoken on any more. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, refusal: ApiError): void {
  const { headers, body } = render(refusal, request.headers.accept)
  answerRaw(socket, refusal.status, headers, request.method === 'HEAD' ? '' : body)
}

/** Answers what Node could not read. */
export function refuseMalformed(error: Error & { code?: string }, socket: Duplex): void {
  // In the midst of an answer it would be read as more of that.
  if (error.code === 'ECONNRESET' || !socket.writable || answerOn(socket)?.headersSent) return void socket.destroy()
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'invalid_request'
  const refusal = new ApiError(error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : tooLarge)
  const { headers, body } = render(refusal, undefined)
  answerRaw(socket, refusal.status, headers, body)
}

function answerRaw(socket: Duplex, status: number, headers: OutgoingHttpHeaders, body: string): void {
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.on('error', () => {}) // who has left hears nothing
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  socket.resume()
  setTimeout(() => socket.destroy(), GOODBYE_MS)
}
