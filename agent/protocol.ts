// What both ends of a tunnel know. It stands with the agent, which is packed by itself and brings nothing else along.

/** Asked for with `Upgrade`. What follows the 101 is HTTP/2, in which the agent serves and the server asks. */
export const UPGRADE = 'hyperspeed-tunnel'
/** Where an agent asks for it. */
export const TUNNEL_PATH = '/api/v1/tunnel'
/** The same over WebSockets, for proxies that pass no other upgrade: their subprotocol. */
export const WEBSOCKET = 'websocket'

/** What an agent says of itself when it asks, and a server when it agrees: names of headers. */
export const SAYS = {
  /** Who the agent is, for as long as it runs. */
  agent: 'tunnel-agent',
  name: 'tunnel-agent-name',
  version: 'tunnel-agent-version',
  /** host:port of the service. */
  target: 'tunnel-target',
  /** Which of several servers it is, and how many there are. */
  server: 'tunnel-server',
  servers: 'tunnel-servers',
} as const

/** Sessions that an agent keeps. */
export const SESSIONS = 4
/** Of the stream on which a server tells its agent what happens: JSON, an object a line. */
export const CONTROL_PATH = '/control'

/** Either end asks the other so often whether it is there, and takes it for gone so long after its last answer. */
export const PING_EVERY_MS = 5000
export const DEAD_AFTER_MS = 15_000

/** Bytes on their way: of a stream, and of all streams of a session. */
export type Windows = { stream: number; session: number }

/**
 * What a session bears, where it comes from visitors and not from the other end: readers that stand still (MiB of memory, of which a
 * new stream takes its part), streams that are turned away for that, and visitors who leave, of whom each is a reset. By default a
 * session ends after a hundred of the one, or a thousand of the other.
 */
export const BORNE = {
  maxSessionMemory: 1024,
  maxSessionRejectedStreams: 1_000_000,
  streamResetBurst: 1_000_000,
  streamResetRate: 100_000,
}

export const WINDOWS: Windows = { stream: 1024 * 1024, session: 32 * 1024 * 1024 }

/** What a server tells its agent. */
export type Told =
  /** Where visitors come in, and which of several servers this is. */
  | { event: 'ready'; url: string; server: string }
  /** That it is about to stop: the agent dials elsewhere, and then lets go. */
  | { event: 'drain' }
  /** A request that is done. `bytes` are those of its answer. */
  | { event: 'request'; method: string; path: string; status: number; ms: number; bytes: number }
