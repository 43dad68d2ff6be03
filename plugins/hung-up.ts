import type { FastifyReply } from 'fastify'

/** Aborted once the caller has hung up, whenever that was, and once the answer is sent. */
export function hungUp({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  if (raw.destroyed || raw.closed) controller.abort()
  else raw.once('close', () => controller.abort())
  return controller.signal
}
