import type { Actor } from './actor.ts'

/** Who asks, in which request, and the address that it came from. */
export type Caller = { actor: Actor; requestId: string; address: string }

/** As much of it as is known before somebody has shown who they are. */
export type Origin = Pick<Caller, 'requestId' | 'address'>
