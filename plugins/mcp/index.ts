import { isIP } from 'node:net'
import type { AuthInfo } from '@modelcontextprotocol/server'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { parseExact } from '../../db/exact-json.ts'
import { ApiError } from '../../src/errors.ts'
import { decodeUtf8 } from '../../src/parse-json.ts'
import { unauthorized } from '../core/authentication.ts'
import { hungUp } from '../hung-up.ts'
import { isCompressed } from '../is-compressed.ts'
import { heldLast } from './api.ts'
import type { CreateServer, Protocol } from './protocol.ts'

export const MCP_PATH = '/mcp'
/** In the words of JSON-RPC 2.0, section 5.1. */
const UNREADABLE = { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error: the body is no JSON' } }

export type McpOptions = {
  /** Origins of pages that may ask, besides those of this API. */
  corsOrigin: readonly string[]
  /** Makes the server of one request; by default that with the tools of AI staff. */
  createServer?: CreateServer
}

/** The tools of AI staff by the Model Context Protocol, over Streamable HTTP, without sessions. */
export default async function mcp(app: FastifyInstance, { corsOrigin, createServer }: McpOptions): Promise<void> {
  const own = new URL(app.settings.publicUrl)
  let spoken: Promise<Protocol> | undefined
  // With the first request: the library takes a tenth of a second and 7 MB of heap, which nobody pays whose AI staff does not speak it.
  const protocol = (): Promise<Protocol> => {
    spoken ??= import('./protocol.ts').then(({ speak }) => speak(app, createServer))
    return spoken
  }
  app.addHook('onClose', async () => (await spoken)?.handler.close())

  // What can't be read is answered in the words of the protocol; what can't be stored, a tool says.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async ({ headers }: FastifyRequest, bytes: Buffer) => {
      if (isCompressed(headers)) throw new ApiError('unsupported_media_type')
      try {
        return { body: parseExact(decodeUtf8(bytes)) }
      } catch {
        return {}
      }
    },
  )

  // Whatever is wrong with a request, that its token does not hold any more comes first.
  app.setErrorHandler(async (error, request) => {
    if (request.access?.actor.type === 'service_account' && !(await app.isStillAllowed(request))) throw unauthorized()
    throw error
  })

  app.post(
    MCP_PATH,
    {
      config: { permission: 'signed_in', staffOnly: true, checkedWithin: true, ownIdempotency: true },
      schema: { hide: true, body: Type.Unknown() },
      // The protocol has its own, and each tool; ours walks through all of a body, however deep that is.
      validatorCompiler: () => () => true,
      preValidation: async (request) => refuseForeign(request),
    },
    async (request, reply) => {
      const { body } = (request.body ?? {}) as { body?: unknown }
      const web = webRequest(request, reply)
      const response = await answer(request, web, body)
      if (!(heldLast(request) ?? (await app.isStillAllowed(request)))) {
        await response.body?.cancel()
        throw unauthorized()
      }
      return sendWeb(reply, response)
    },
  )

  async function answer(request: FastifyRequest, web: Request, body: unknown): Promise<Response> {
    if (body === undefined) return Response.json(UNREADABLE, { status: 400 })
    const { handler, subscriptions } = await protocol()
    if (isListening(body)) return subscriptions.listen(request, body, web)
    const authInfo: AuthInfo = { token: '', clientId: request.actor.id, scopes: [], extra: { request } }
    return handler.fetch(web, { parsedBody: body, authInfo })
  }

  /** A page elsewhere may have been given the address of this machine (DNS rebinding). */
  function refuseForeign({ headers, hostname }: FastifyRequest): void {
    const name = hostname.replace(/^\[|\]$/g, '').toLowerCase()
    const isHere = name === own.hostname || name === 'localhost' || isIP(name) !== 0
    const { origin } = headers
    const isOwn = origin === undefined || corsOrigin.includes(origin) || isOriginHere(origin)
    if (!isHere || !isOwn) throw new ApiError('origin_not_allowed')
  }

  function isOriginHere(origin: string): boolean {
    const url = URL.parse(origin)
    if (url === null || !/^https?:$/.test(url.protocol)) return false
    return url.origin === own.origin || (isLoopback(url.hostname) && isLoopback(own.hostname))
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

function isListening(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && 'method' in body && body.method === 'subscriptions/listen'
}

/**
 * What is read of a request of the Fetch standard, whose own class costs more than a whole tool may. Its body has been read. It ends
 * with its connection.
 */
function webRequest(request: FastifyRequest, reply: FastifyReply): Request {
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  )
  return { method: 'POST', headers: new Headers(headers), signal: hungUp(reply) } as Request
}

/** Sends an answer: what is there whole, whole, and not in chunks. */
async function sendWeb(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  const type = response.headers.get('content-type')
  if (type !== 'application/json') return reply.send(response)
  return reply
    .code(response.status)
    .type(type)
    .send(Buffer.from(await response.arrayBuffer()))
}
