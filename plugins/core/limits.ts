import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError, tryAgain } from '../../src/errors.ts'
import { networkOf } from '../../src/network.ts'
import { parseJson } from '../../src/parse-json.ts'
import { isCompressed } from '../is-compressed.ts'

/** Counts one request and refuses it with 429 where there were too many. */
export type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

type KeyOf = (request: FastifyRequest) => string

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * @param most requests in a window of `seconds`; undefined is no limit.
     * @param keyOf whose count a request goes to; by default that of who is at its address.
     */
    createLimiter(most: number | undefined, seconds: number, keyOf?: KeyOf): Limiter
  }
}

/** Two of the samples by which the delay is measured. */
const START_MS = 2000

/**
 * What a request may cost: how many there may be, what a body may be, and how far behind this process may fall before
 * it asks callers to come again. Counts are kept in the process, so N processes let N times as many through.
 */
export default fp<{ mostEventLoopDelay?: number | undefined }>(
  async (app: FastifyInstance, { mostEventLoopDelay }) => {
    await app.register(rateLimit, { global: false, cache: 20_000 })
    if (mostEventLoopDelay !== undefined) await shedLoad(app, mostEventLoopDelay)
    app.decorate(
      'createLimiter',
      (most: number | undefined, seconds: number, keyOf: KeyOf = ({ ip }) => networkOf(ip)): Limiter => {
        if (most === undefined) return async () => {}
        const count = app.createRateLimit({
          max: most,
          timeWindow: seconds * 1000,
          keyGenerator: keyOf,
        })
        return async (request, reply) => {
          const state = await count(request)
          if (state.isAllowed) return
          reply.header('ratelimit-limit', state.max)
          reply.header('ratelimit-remaining', state.remaining)
          reply.header('ratelimit-reset', state.ttlInSeconds)
          if (state.isExceeded) throw tryAgain('rate_limited', state.ttlInSeconds)
        }
      },
    )
    addJsonParser(app)
  },
  { name: 'limits' },
)

/**
 * A process that falls this many milliseconds behind asks callers to come again, instead of making all of them wait. Its own
 * start, which keeps it busy for a moment, does not count.
 */
async function shedLoad(app: FastifyInstance, maxEventLoopDelay: number): Promise<void> {
  let hasStarted = false
  app.addHook('onListen', async () => {
    setTimeout(() => {
      hasStarted = true
    }, START_MS).unref()
  })
  await app.register(underPressure, {
    maxEventLoopDelay,
    retryAfter: 1,
    pressureHandler: () => {
      if (hasStarted) throw tryAgain()
    },
  })
}

/** JSON in valid UTF-8, or nothing at all: routes that take a body say so in their schema. */
function addJsonParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => {
      if (isCompressed(request.headers)) throw new ApiError('unsupported_media_type')
      if (bytes.length === 0) return undefined
      return parseJson(bytes)
    },
  )
  // Clients that are given no body may name a type of it all the same (axios does).
  app.addContentTypeParser('*', async ({ is404, headers }: FastifyRequest) => {
    const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
    if (!isEmpty && !is404) throw new ApiError('unsupported_media_type')
  })
}
