import { Readable } from 'node:stream'
import type { Static } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import pLimit, { type LimitFunction } from 'p-limit'
import { type JsonText, jsonText } from '../../db/json.ts'
import type { Piece } from '../../db/page.ts'
import type { Component } from '../../schemas/component.ts'
import { tryAgain } from '../../src/errors.ts'
import { JSON_TYPE, memberOf } from '../written.ts'

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with an object whose `key` is an array that comes in parts, each read only once the one before is on its way: it
     * takes the memory of two parts, however long it is and however slow its reader.
     *
     * @param parts elements of the array with commas between; a part may be empty.
     * @param others the other members, JSON text by key.
     * @throws ApiError `unavailable` where others of the same organization are read for long, or too many wait.
     */
    sendParts(key: string, parts: AsyncGenerator<JsonText>, others?: Record<string, JsonText>): Promise<FastifyReply>
    /**
     * Answers with all of a list of small rows, oldest first: in one piece where they are few, in parts where they are many.
     *
     * @param schema of one row.
     * @param idOf what the rows of one time are ordered by.
     * @param others the other members.
     */
    sendAll<T extends Component, R extends Static<T> & { created_at: Date }>(
      key: string,
      schema: T,
      read: (piece: Piece) => Promise<R[]>,
      idOf: (row: R) => string,
      others?: Record<string, unknown>,
    ): Promise<FastifyReply>
  }
}

/** How many such answers an organization may have on their way, so that whoever reads slowly keeps only their own waiting. */
const MAX_OF_ONE = 8
const MAX_WAITING_OF_ONE = 32
const MAX_OF_ALL = 32
/** Below the minute after which a connection without any traffic is closed. */
const MAX_WAIT_MS = 20_000
/** How many small rows make one part. None of them is more than a few thousand bytes. */
const ROWS_AT_ONCE = 200
/** Parts that are read from the database at a time. */
const MAX_READ_AT_ONCE = 2
/** A reader that takes longer for one part loses its place. */
const MAX_PART_MS = 60_000

/** Answers that are too large to be made in one piece. */
export default fp(
  async (app) => {
    const places = createPlaces()
    const reading = pLimit(MAX_READ_AT_ONCE)
    app.decorateReply(
      'sendParts',
      async function (this: FastifyReply, key: string, parts: AsyncGenerator<JsonText>, others = {}) {
        this.type(JSON_TYPE)
        if (this.request.method === 'HEAD') return this.send(Readable.from([]))
        const leave = await places.enter(ownerOf(this.request))
        this.raw.once('close', leave)
        if (this.raw.destroyed) leave()
        const text = joined(
          `{${JSON.stringify(key)}:[`,
          parts,
          `${[']', ...Object.entries(others).map(memberOf)].join(',')}}`,
          { limit: reading, giveUp: () => stream.destroy(new Error('a part was read too slowly')) },
        )
        const stream: Readable = Readable.from(text, { objectMode: false, highWaterMark: 1 })
        return this.send(stream)
      },
    )
    app.decorateReply('sendAll', async function (this: FastifyReply, key, { $id }, read, idOf, others = {}) {
      type Row = Awaited<ReturnType<typeof read>>[number]
      const readBehind = (row: Row | undefined) =>
        read({ after: row ? { createdAt: row.created_at, id: idOf(row) } : null, most: ROWS_AT_ONCE })
      const first = await readBehind(undefined)
      if (first.length < ROWS_AT_ONCE) return this.send({ [key]: first, ...others })
      const items = { type: 'array', items: { $ref: $id } }
      const write = this.compileSerializationSchema({ type: 'object', properties: { items } })
      async function* parts() {
        for (let rows = first; rows.length > 0; rows = await readBehind(rows.at(-1)))
          yield jsonText(write({ items: rows }).slice('{"items":['.length, -']}'.length))
      }
      const written = Object.entries(others).map(([name, value]) => [name, jsonText(JSON.stringify(value))])
      return this.sendParts(key, parts(), Object.fromEntries(written))
    })
  },
  { name: 'parts', dependencies: ['authorization'] },
)

/** Whose places an answer takes: those of the organization, or of the caller where the path names none. */
function ownerOf({ access }: FastifyRequest): string {
  return access?.organization?.id ?? access?.actor.id ?? ''
}

/** The text of the whole answer, piece by piece. @param after what stands behind the last element of the array. */
async function* joined(
  before: string,
  parts: AsyncGenerator<JsonText>,
  after: string,
  { limit, giveUp }: { limit: LimitFunction; giveUp: () => void },
): AsyncGenerator<string> {
  const next = () => limit(() => parts.next())
  let separator = before
  try {
    for (let part = await next(); !part.done; part = await next()) {
      if (part.value === '') continue
      const tooSlow = setTimeout(giveUp, MAX_PART_MS)
      try {
        yield separator + part.value
      } finally {
        clearTimeout(tooSlow)
      }
      separator = ','
    }
    yield separator === before ? before + after : after
  } finally {
    await parts.return(undefined)
  }
}

/** So many at a time, of all and of each owner. Whoever finds none waits. */
function createPlaces() {
  const all = pLimit(MAX_OF_ALL)
  const lines = new Map<string, LimitFunction>()
  return {
    /**
     * Resolves once there is a place, with what gives it back.
     *
     * @throws ApiError `unavailable` where there is none for long, or too many wait already.
     */
    async enter(owner: string): Promise<() => void> {
      const line = lines.get(owner) ?? pLimit(MAX_OF_ONE)
      lines.set(owner, line)
      if (line.pendingCount >= MAX_WAITING_OF_ONE) throw tryAgain()
      const { promise, resolve, reject } = Promise.withResolvers<() => void>()
      let hasLeft = false
      const timer = setTimeout(() => {
        hasLeft = true
        reject(tryAgain())
      }, MAX_WAIT_MS)
      const hold = async () => {
        clearTimeout(timer)
        if (!hasLeft) await new Promise<void>(resolve)
      }
      line(() => all(hold))
        .catch(reject)
        .finally(() => {
          if (line.activeCount + line.pendingCount === 0) lines.delete(owner)
        })
      return promise
    },
  }
}
