import { ApiError, tryAgain } from '../errors.ts'
import { networkOf } from '../network.ts'

/** What may be on its way at a time in one process. */
export type AdmissionLimits = {
  /** Bytes of all bodies that are here, in whole or in part. What was announced and has not come takes nothing. */
  bytes: number
  /** Of these, bytes of bodies that are `large` or larger, so that the others always have a share. */
  largeBytes: number
  large: number
  /** Bodies that are still arriving. */
  arriving: number
  /** The same two of one address, of bodies that are still arriving. */
  addressBytes: number
  addressArriving: number
  /** Bodies that have arrived and are being stored. */
  stored: number
}

/** Keeps what is taken in at a time within bounds. */
export type Admission = {
  /**
   * Begins to count a body that is about to arrive.
   *
   * @param address of whoever sends it.
   * @param giveUp called where it has to go: it is the slowest, and there is too much; or it is too slow.
   */
  begin(address: string, giveUp: (refusal: ApiError) => void): Arrival
  /** Gives up what comes so slowly that nobody means it. To be called every second or so. */
  sweep(): void
}

/** One body on its way. */
export type Arrival = {
  /** Takes memory for bytes of it. @throws ApiError `unavailable` where there is none. */
  take(bytes: number): void
  /** All of it is here. @throws ApiError `unavailable` where too many are being stored. */
  end(): void
  /** It is not needed any more; more than once is once. */
  leave(): void
}

type Body = {
  address: string
  since: number
  bytes: number
  giveUp: (refusal: ApiError) => void
  /** Where it counts: nowhere once it has left. */
  rooms: Set<Room>
  isStored: boolean
}

/** Memory that some bodies share. */
type Room = { mostBytes: number; mostArriving: number; bytes: number; arriving: Set<Body> }

/** Bytes that each is taken to have sent at once, so that one that has just begun is not the slowest. */
const CREDIT = 8 * 1024
const LEAST_PER_SECOND = 1024
/** What a body must have to be given up for the sake of memory. */
const WORTH = 16 * 1024
/** How full a room is left that was too full: looking for the slowest takes a while. */
const LEFT = 7 / 8

/**
 * Bounds the memory of bodies, and their number. Nobody has proved anything before all of a body is here; so one that is still
 * arriving never keeps another out, but is given up itself: the slowest first, and those of one address among themselves.
 *
 * @param now milliseconds of a clock that never goes back.
 */
export function createAdmission(limits: AdmissionLimits, now = () => performance.now()): Admission {
  const all = createRoom(limits.bytes, limits.arriving)
  const large = createRoom(limits.largeBytes, Number.POSITIVE_INFINITY)
  const addresses = new Map<string, Room>()
  let stored = 0

  /** In bytes per second. */
  const pace = ({ since, bytes }: Body) => ((bytes + CREDIT) * 1000) / Math.max(now() - since, 1)

  function leave(body: Body, rooms: Iterable<Room>): void {
    for (const room of rooms) {
      room.arriving.delete(body)
      room.bytes -= body.bytes
      body.rooms.delete(room)
      if (room.arriving.size === 0 && addresses.get(body.address) === room) addresses.delete(body.address)
    }
  }

  function giveUp(body: Body, refusal: ApiError): void {
    leave(body, [...body.rooms])
    body.giveUp(refusal)
  }

  function makeRoom(room: Room): void {
    if (room.arriving.size > room.mostArriving)
      giveUpSlowest(room, 0, () => room.arriving.size > room.mostArriving * LEFT)
    if (room.bytes > room.mostBytes) giveUpSlowest(room, WORTH, () => room.bytes > room.mostBytes * LEFT)
  }

  function giveUpSlowest(room: Room, worth: number, isNeeded: () => boolean): void {
    const paces = [...room.arriving].map((body) => [body, pace(body)] as const)
    for (const [body] of paces.sort(([, a], [, b]) => a - b)) {
      if (!isNeeded()) return
      if (body.bytes >= worth) giveUp(body, tryAgain())
    }
  }

  function take(body: Body, bytes: number): void {
    body.bytes += bytes
    for (const room of body.rooms) room.bytes += bytes
    if (body.bytes >= limits.large && !body.rooms.has(large)) join(body, large)
    const rooms = [...body.rooms]
    for (const room of rooms) makeRoom(room)
    if (body.rooms.size > 0 && rooms.every((room) => room.bytes <= room.mostBytes)) return
    leave(body, [...body.rooms])
    throw tryAgain()
  }

  function end(body: Body, own: Room): void {
    for (const room of body.rooms) room.arriving.delete(body)
    leave(body, body.rooms.has(own) ? [own] : [])
    if (stored >= limits.stored) throw tryAgain()
    stored++
    body.isStored = true
  }

  function begin(network: string, onGivenUp: Body['giveUp']): Arrival {
    const own = addresses.get(network) ?? createRoom(limits.addressBytes, limits.addressArriving)
    addresses.set(network, own)
    const since = now()
    const body: Body = { address: network, since, bytes: 0, giveUp: onGivenUp, rooms: new Set(), isStored: false }
    for (const room of [own, all]) join(body, room)
    for (const room of [own, all]) makeRoom(room)
    return {
      take: (bytes) => take(body, bytes),
      end: () => end(body, own),
      leave() {
        leave(body, [...body.rooms])
        if (body.isStored) stored--
        body.isStored = false
      },
    }
  }

  return {
    begin: (address, onGivenUp) => begin(networkOf(address), onGivenUp),
    sweep() {
      for (const body of [...all.arriving])
        if (pace(body) < LEAST_PER_SECOND) giveUp(body, new ApiError('request_timeout'))
    },
  }
}

function createRoom(mostBytes: number, mostArriving: number): Room {
  return { mostBytes, mostArriving, bytes: 0, arriving: new Set() }
}

function join(body: Body, room: Room): void {
  body.rooms.add(room)
  room.arriving.add(body)
  room.bytes += body.bytes
}
