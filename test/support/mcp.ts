import type { FastifyInstance } from 'fastify'
import type { Caller } from './app.ts'

export const MODERN = '2026-07-28'
export const LEGACY = '2025-11-25'

// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
export type Called = { status: number; body: any; text: string; headers: Record<string, unknown> }

/** What a request of the revision of 2026 says of itself, in its body and its headers. */
export function modern(method: string, params: Record<string, unknown> = {}) {
  const name = params.name ?? params.uri
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientInfo': { name: 'tests', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
    ...(params._meta as object | undefined),
  }
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': String(name) }),
    },
    body: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } },
  }
}

/** A client without a library: what it sends is what is written here. */
export function mcpClient(app: FastifyInstance, caller: Caller) {
  const send = async (payload: string, headers: Record<string, string>): Promise<Called> => {
    const answer = await app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: `Bearer ${caller.token}`, ...headers },
      payload,
    })
    // One event, where it came as a stream.
    const text = answer.body
    const data = text.startsWith('event:') || text.startsWith(':') ? (/^data: (\{[^\n]*)/m.exec(text)?.[1] ?? '') : text
    const isJson = /^[[{]/.test(data)
    return { status: answer.statusCode, body: isJson ? JSON.parse(data) : undefined, text, headers: answer.headers }
  }
  const ask = (method: string, params?: Record<string, unknown>, more: Record<string, string> = {}) => {
    const { body, headers } = modern(method, params)
    return send(JSON.stringify(body), { ...headers, ...more })
  }
  /** As a client of 2025 does, which shakes hands first and needs no more of it. */
  const askAsBefore = (method: string, params: Record<string, unknown> = {}) =>
    send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': LEGACY,
    })
  /** Calls a tool. @returns its result */
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { body, text, status } = await ask('tools/call', { name, arguments: args })
    if (body?.result === undefined) throw new Error(`${name} answered ${status}: ${text}`)
    const { structuredContent: found, isError, content } = body.result
    return {
      found,
      isError: isError === true,
      text: content[0].text as string,
      bytes: JSON.stringify(body.result).length,
    }
  }
  return { send, ask, askAsBefore, call }
}
