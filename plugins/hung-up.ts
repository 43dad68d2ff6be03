import type { FastifyReply } from 'fastify'

/** Made once: each abort without a reason of its own makes an error, with a trace of where it was. */
const GONE = new Error('the caller has gone')

/** Aborted once the caller has hung up, whenever that was, and once the answer is sent. */
export function hungUp({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const controller = new AbortController()
  if (raw.destroyed || raw.closed) controller.abort(GONE)
  else raw.once('close', () => controller.abort(GONE))
  return controller.signal
}
