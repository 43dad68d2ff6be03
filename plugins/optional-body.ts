import type { FastifyRequest } from 'fastify'

/** A hook before validation. Nothing said is nothing named: a request without a body is one with an empty object. */
export async function optionalBody(request: FastifyRequest): Promise<void> {
  request.body ??= {}
}
