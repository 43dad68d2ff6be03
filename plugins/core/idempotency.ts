import { createHash, createHmac } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Transaction } from 'kysely'
import type { Database } from '../../db/client.ts'
import * as idempotencyKeys from '../../db/queries/idempotency-keys.ts'
import type { DB } from '../../db/types.ts'
import { IDEMPOTENCY_KEY_PATTERN } from '../../schemas/headers.ts'
import { canonicalJson } from '../../src/canonical-json.ts'
import { ApiError, tryAgain } from '../../src/errors.ts'
import type { Cipher, Place } from '../../src/secrets/cipher.ts'

/** How long a repeated POST gets the first answer. */
const KEPT_HOURS = 24
const VALID_KEY = new RegExp(IDEMPOTENCY_KEY_PATTERN)
const REPLAYED_HEADERS = ['content-type', 'etag', 'location']

type Answer = { headers: Record<string, string>; body: string }
type Claim = { id: Buffer; requestHash: Buffer }

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Runs what a POST changes in one transaction and, where the request carries an `Idempotency-Key`, writes the
     * answer in it too: both are there after a crash, or neither. Set the status and headers before `work` returns.
     *
     * @param work does the change and returns the response's body, or a refusal that comes after a change to be kept:
     * it is thrown once the transaction is committed, and not stored.
     * @throws ApiError `idempotency_key_in_flight` while the first request with that key is not done.
     */
    transact<T>(work: (trx: Transaction<DB>) => Promise<T | ApiError>): Promise<T>
    /** The same, where the body is what one last statement answers (db/transaction.ts). */
    transactAndShow<T>(work: (trx: Transaction<DB>) => Promise<() => Promise<T>>): Promise<T>
  }
  interface FastifyContextConfig {
    /** Knows by itself what comes again. */
    ownIdempotency?: true
  }
  interface FastifyRequest {
    idempotencyClaim: Claim | null
  }
}

/** `Idempotency-Key` on every POST (draft-ietf-httpapi-idempotency-key-header): same key and body, first answer again. */
export default fp<{ db: Database; cipher: Cipher }>(
  async (app, { db, cipher }) => {
    app.decorateRequest('idempotencyClaim', null)
    app.decorateReply('transact', transact)
    app.decorateReply('transactAndShow', transactAndShow)

    app.addHook('preHandler', async (request, reply) => {
      const key = request.headers['idempotency-key']
      const isOwn = request.routeOptions.config.ownIdempotency === true
      if (request.method !== 'POST' || key === undefined || request.is404 || isOwn) return
      const claim = claimOf(request, key)
      request.idempotencyClaim = claim
      const stored = await idempotencyKeys.find(db, claim.id)
      if (stored === undefined) return
      if (!stored.request_hash.equals(claim.requestHash)) throw new ApiError('idempotency_key_reused')
      const { headers, body }: Answer = JSON.parse(cipher.decrypt(stored.response, placeOf(claim.id)))
      return reply.code(stored.status).headers(headers).header('idempotency-replayed', 'true').send(body)
    })

    async function transact<T>(this: FastifyReply, work: (trx: Transaction<DB>) => Promise<T | ApiError>): Promise<T> {
      const claim = this.request.idempotencyClaim
      const outcome = await db.transaction().execute(async (trx) => {
        if (claim === null) return work(trx)
        // A key that another request finished since it was looked up is answered like one in flight: the retry finds it.
        if (!(await idempotencyKeys.lock(trx, claim.id)) || (await idempotencyKeys.find(trx, claim.id)))
          throw tryAgain('idempotency_key_in_flight')
        const payload = await work(trx)
        if (payload instanceof ApiError) return payload
        const answer = { ...answerOf(this, payload, claim), request_hash: claim.requestHash }
        await idempotencyKeys.insert(trx, claim.id, answer, KEPT_HOURS)
        return payload
      })
      if (outcome instanceof ApiError) throw outcome
      return outcome
    }

    async function transactAndShow<T>(
      this: FastifyReply,
      work: (trx: Transaction<DB>) => Promise<() => Promise<T>>,
    ): Promise<T> {
      if (this.request.idempotencyClaim === null) return db.transact(work, this.request.organization.id)
      return transact.call(this, async (trx) => (await work(trx))()) as Promise<T>
    }

    function answerOf(reply: FastifyReply, payload: unknown, { id }: Claim): { status: number; response: string } {
      const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' }
      for (const name of REPLAYED_HEADERS) {
        const value = reply.getHeader(name)
        if (value !== undefined) headers[name] = String(value)
      }
      const body = typeof payload === 'string' ? payload : payload === undefined ? '' : String(reply.serialize(payload))
      return { status: reply.statusCode, response: cipher.encrypt(JSON.stringify({ headers, body }), placeOf(id)) }
    }
  },
  { name: 'idempotency', dependencies: ['authorization'] },
)

function claimOf(request: FastifyRequest, key: string | string[]): Claim {
  if (typeof key !== 'string' || !VALID_KEY.test(key)) throw new ApiError('invalid_idempotency_key')
  const caller = request.access?.actor.id ?? 'anonymous'
  return {
    id: sha256(canonicalJson([caller, request.url, key])),
    // Keyed, because a body may hold a password: without the key, which is kept nowhere, nobody can try passwords on it.
    requestHash: createHmac('sha256', key)
      .update(canonicalJson(request.body ?? null))
      .digest(),
  }
}

function placeOf(id: Buffer): Place {
  return { table: 'idempotency_keys', id: id.toString('hex'), column: 'response', version: 1 }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
