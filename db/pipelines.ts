import type { Duplex } from 'node:stream'
import pg from 'pg'
import { isSilence } from './connection.ts'
import { DatabaseUnavailable } from './failures.ts'
import { type Statement, sendTogether } from './statement-group.ts'

type PipelinesOptions = {
  count: number
  mostInFlight: number
  onError: (error: Error) => void
  /** Told that the server of one connection said nothing: whoever has others to it lets them all go (`retireAll`). */
  onSilence: () => void
}

type Slot = {
  client: Promise<pg.Client>
  isConnected: boolean
  /** Whether something waits to be written at the end of this turn of the event loop. */
  isCorked: boolean
  inFlight: number
  /** When it answered last, or was given something to do after it had nothing. */
  answeredAt: number
}

/**
 * How many are under way at the most where another joins what is about to be written. More would cost the processor still a little less,
 * and leave more waiting where one of them turns out to be slow.
 */
const TOGETHER = 3
/** A connection that has left what is in flight on it unanswered for longer is slow, and by each doubling of it more so. */
const SLOW_MS = 10
/** How long a place is left alone where no connection could be made, while there are others. */
const RETRY_AFTER_MS = 1000

/** How bad it is to send a statement somewhere. */
const READY = 0
const CONNECTING = 1
const BROKEN = Number.POSITIVE_INFINITY

/**
 * A few connections, each with many statements in flight; one that breaks is replaced by a statement that comes later.
 *
 * What is sent to a connection waits there for all that was sent before it. So a statement goes where the fewest are under way, and
 * where one takes long, or hangs, no more are sent behind it while there are others. A few of one turn go together all the same: to wake
 * a server for each costs both sides as much as a short statement (bench/README.md).
 */
export class Pipelines {
  readonly #create: () => pg.Client
  readonly #prepare: (client: pg.Client) => Promise<unknown>
  readonly #slots: (Slot | undefined)[]
  /** Take no new statements, and end with the last of those in flight on them. */
  readonly #retired = new Set<Slot>()
  readonly #onError: (error: Error) => void
  readonly #onSilence: () => void
  readonly #mostInFlight: number
  readonly #failedAt: number[]
  #inFlight = 0
  #next = 0

  constructor(
    create: () => pg.Client,
    prepare: (client: pg.Client) => Promise<unknown>,
    { count, mostInFlight, onError, onSilence }: PipelinesOptions,
  ) {
    this.#create = create
    this.#prepare = prepare
    this.#slots = Array.from({ length: count }, () => undefined)
    this.#failedAt = this.#slots.map(() => Number.NEGATIVE_INFINITY)
    this.#onError = onError
    this.#onSilence = onSilence
    this.#mostInFlight = mostInFlight
  }

  query(statement: Statement): Promise<pg.QueryResult> {
    return this.#on((client, slot) => {
      this.#writeTogether(slot, client.connection.stream)
      return send(client, statement)
    })
  }

  /** Statements that are a transaction together. */
  queryTogether(statements: readonly Statement[]): Promise<pg.QueryResult[]> {
    return this.#on((client) => sendTogether(client, statements))
  }

  async #on<T>(work: (client: pg.Client, slot: Slot) => Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#mostInFlight) throw new DatabaseUnavailable('too many statements in flight')
    const now = performance.now()
    const index = this.#choose(now)
    const slot = this.#slots[index] ?? this.#connect(index)
    this.#inFlight++
    if (slot.inFlight++ === 0) slot.answeredAt = now
    try {
      return await work(await slot.client, slot)
    } catch (error) {
      if (isSilence(error) && !this.#retired.has(slot)) this.#onSilence()
      throw error
    } finally {
      this.#inFlight--
      slot.inFlight--
      slot.answeredAt = performance.now()
      if (slot.inFlight === 0 && this.#retired.delete(slot)) endSlot(slot)
    }
  }

  /** The place for a statement: that of the write which it can go with, or else in turn, where several are as good. */
  #choose(now: number): number {
    const { length } = this.#slots
    const joined = this.#slots.findIndex((slot, i) => slot?.isCorked && this.#takesMore(slot, i, now))
    if (joined >= 0) return joined
    const first = this.#next++ % length
    let best = first
    let [least, fewest] = this.#load(first, now)
    for (let i = 1; i < length && (least > READY || fewest > 0); i++) {
      const index = (first + i) % length
      const [bad, inFlight] = this.#load(index, now)
      if (bad > least || (bad === least && inFlight >= fewest)) continue
      best = index
      least = bad
      fewest = inFlight
    }
    return best
  }

  #takesMore(slot: Slot, index: number, now: number): boolean {
    return slot.inFlight < TOGETHER && this.#load(index, now)[0] === READY
  }

  #load(index: number, now: number): [bad: number, inFlight: number] {
    const slot = this.#slots[index]
    if (slot === undefined) return [now - (this.#failedAt[index] ?? 0) < RETRY_AFTER_MS ? BROKEN : READY, 0]
    if (!slot.isConnected) return [CONNECTING, slot.inFlight]
    // On a busy machine all are slow, and one that hangs is soon the slowest by far.
    const slowness = slot.inFlight === 0 ? 0 : (now - slot.answeredAt) / SLOW_MS
    return [slowness > 1 ? 1 + Math.floor(Math.log2(slowness)) : READY, slot.inFlight]
  }

  /**
   * Sends the statements of one turn of the event loop in one write: the system call for each costs this process as
   * much as the rest of its work on a short request (bench/README.md).
   */
  #writeTogether(slot: Slot, stream: Duplex): void {
    if (slot.isCorked) return
    slot.isCorked = true
    stream.cork()
    setImmediate(() => {
      slot.isCorked = false
      stream.uncork()
    })
  }

  /**
   * Where the server of one connection has gone silent, a statement on each of the others would find the same out anew. What
   * is in flight on them keeps its own deadline: one of them may still answer.
   */
  retireAll(): void {
    const retired = [...this.#slots]
    this.#slots.fill(undefined)
    for (const slot of retired) {
      if (slot === undefined) continue
      if (slot.inFlight > 0) this.#retired.add(slot)
      else endSlot(slot)
    }
  }

  async end(): Promise<void> {
    await Promise.allSettled([...this.#slots, ...this.#retired].map(async (slot) => (await slot?.client)?.end()))
  }

  #connect(index: number): Slot {
    const client = this.#create()
    // A connection that breaks tells so more than once, and by the second time another may have its place.
    const drop = () => {
      if (this.#slots[index] === slot) this.#slots[index] = undefined
    }
    client.on('error', (error) => {
      drop()
      void client.end().catch(() => {})
      this.#onError(error)
    })
    client.on('end', drop)
    const connect = async () => {
      try {
        await client.connect()
        await this.#prepare(client)
        slot.isConnected = true
        return client
      } catch (error) {
        drop()
        this.#failedAt[index] = performance.now()
        await client.end().catch(() => {}) // it never connected: there is nothing to end, only a socket to let go
        throw error
      }
    }
    const slot: Slot = { client: connect(), isConnected: false, isCorked: false, inFlight: 0, answeredAt: 0 }
    this.#slots[index] = slot
    return slot
  }
}

/**
 * What `client.query(statement)` does, but for the copy that it makes of the statement, property by property: that takes longer than
 * all else it does before anything is sent (bench/README.md).
 */
async function send(client: pg.Client, { text, values, name }: Statement): Promise<pg.QueryResult> {
  const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>()
  const query = new pg.Query(text, values, (error, result) => {
    if (error === undefined || error === null) resolve(result)
    else reject(error)
  })
  client.query(Object.assign(query, { name }))
  try {
    return await promise
  } catch (error) {
    // It came with what the socket was read by; who asked says more.
    if (error instanceof Error) Error.captureStackTrace(error)
    throw error
  }
}

function endSlot({ client }: Slot): void {
  void client.then((made) => made.end()).catch(() => {})
}
