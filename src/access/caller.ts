import type { Actor } from './actor.ts'

/** Somebody who asks, in one request. `address` is the IP address that it came from. */
export type Caller = { actor: Actor; requestId: string; address: string }
