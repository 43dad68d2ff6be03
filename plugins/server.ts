import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { TUNNEL_PATH } from '../agent/protocol.ts'
import type { Config } from '../src/config.ts'
import { ApiError, type ErrorCode } from '../src/errors.ts'
import { answerOn, endWithConnection } from '../src/pipelining.ts'
import { errorBody, sendError } from './core/errors.ts'
import { buildSerializersOnce } from './serializers.ts'

type ServerOptions = Pick<Config, 'trustProxy'> & Required<Pick<FastifyServerOptions, 'logger'>>

const BODY_LIMIT = 1024 * 1024
const CLOSE_ALL_AFTER_MS = 5000

/** Fastify with this program's limits on time and size, its request ids and its one log line a request. */
export function createServer({ trustProxy, logger }: ServerOptions): FastifyInstance {
  const app = Fastify({
    logger,
    genReqId: () => randomUUID(),
    trustProxy: typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : trustProxy,
    bodyLimit: BODY_LIMIT,
    // Slow senders: the headers within 20 s, the whole request within 30 s, looked at every 2 s. Node takes the shorter
    // for the headers, whichever it is. An idle connection is kept for 72 s (above the usual proxy's 60 s).
    http: {
      headersTimeout: 20_000,
      connectionsCheckingInterval: 2000,
      // What else asks for another protocol is answered in the one that it speaks.
      shouldUpgradeCallback: ({ url, socket }) =>
        url?.split('?', 1)[0] === TUNNEL_PATH && answerOn(socket) === undefined,
    },
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    connectionTimeout: 60_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // One line a request is written below instead of two.
    logController: new LogController({ disableRequestLogging: true }),
    frameworkErrors: (error, _request, reply) => {
      const refusal = new ApiError(error.code === 'FST_ERR_BAD_URL' ? 'invalid_url' : 'invalid_request')
      sendError(reply, refusal)
    },
    clientErrorHandler: refuseMalformed,
    schemaController: { compilersFactory: { buildSerializer: buildSerializersOnce() } },
    routerOptions: { ignoreTrailingSlash: false, caseSensitive: true, maxParamLength: 200 },
  })
  endWithConnection(app.server)
  closeInTime(app)
  if (trustProxy) leaveOutPorts(app)
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        actor: request.access?.actor.id,
      },
      'request',
    )
  })
  return app
}

/**
 * Some proxies (Azure's Application Gateway) write the caller's port behind the address: it is another one for each connection,
 * and with it each would be another caller.
 */
function leaveOutPorts(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw: { headers } }) => {
    const forwarded = headers['x-forwarded-for']
    if (typeof forwarded !== 'string') return
    headers['x-forwarded-for'] = forwarded.replace(/\[([\da-f:.]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+/gi, '$1$2')
  })
}

/**
 * A connection that was answering when closing began goes idle afterwards and would be kept alive: idle ones are let
 * go until none is left, and after a while the busy ones too, whatever they still wait for.
 */
function closeInTime(app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    const idle = setInterval(() => app.server.closeIdleConnections(), 50)
    const all = setTimeout(() => app.server.closeAllConnections(), CLOSE_ALL_AFTER_MS)
    app.server.once('close', () => {
      clearInterval(idle)
      clearTimeout(all)
    })
    idle.unref()
    all.unref()
  })
}

/** What Node refuses never becomes a request; it is answered on the socket. The rest is what its parser can't read. */
const CODE_OF_NODE_ERROR: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}

function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal = new ApiError(CODE_OF_NODE_ERROR[error.code ?? ''] ?? 'invalid_request')
  const body = JSON.stringify(errorBody(refusal, { id: randomUUID() }))
  const lines = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
