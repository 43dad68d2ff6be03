import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { closed, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import type { RunStatus } from '../../schemas/runs.ts'
import { WebhookChallenge, WebhookReceipt } from '../../schemas/webhook-events.ts'
import { ApiError } from '../../src/errors.ts'
import { createAdmission } from '../../src/hooks/admission.ts'
import { createReceiver, type Hook, type Receipt } from '../../src/hooks/receiver.ts'
import type { Delivery } from '../../src/kinds/kind.ts'
import { hungUp } from '../hung-up.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const LARGEST_BODY = 1024 * 1024
/** Of one process, being read or stored. Beyond that, senders are asked to come again. */
const MAX_AT_ONCE = { mostRequests: 4000, mostBytes: 128 * 1024 * 1024 }
/** Senders, and others, that wait for the end of a run; further senders are answered at once. */
const MAX_WAITING = 2000

declare module 'fastify' {
  interface FastifyRequest {
    /** Lets go what the body of this request takes of {@link MAX_AT_ONCE}. */
    release: (() => void) | null
    isBeingStored: boolean
  }
}

/**
 * Where events come in from outside. Here alone a body is taken as it comes, whatever its type: signatures are over its
 * bytes, and it is read only once they are verified.
 */
const routes: RoutePlugin = async (app) => {
  const { db, settings } = app
  const { queue, cipher, actions, kinds } = app
  const receive = createReceiver({ db, queue, cipher, actions, kinds, batches: settings.eventBatches })
  const admission = createAdmission(MAX_AT_ONCE)
  const countUnproven = app.createLimiter(settings.rateLimit, 60)

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, bytes: Buffer) => bytes)
  app.decorateRequest('release', null)
  app.decorateRequest('isBeingStored', false)

  app.addHook('onRequest', async (request, reply) => {
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') throw new ApiError('compressed_body')
    request.release = admission.enter(bytesOf(request))
    // Whoever hangs up keeps nothing, unless the event is on its way into the database.
    reply.raw.once('close', () => {
      if (!request.isBeingStored) request.release?.()
    })
  })

  app.post(
    '/:hookId',
    {
      config: { public: true, countsItself: true, ownIdempotency: true },
      schema: {
        operationId: 'receiveWebhook',
        tags: ['Webhooks'],
        summary: 'Take an event',
        description:
          'Answers once the event is stored. The sender proves itself as the config of the automation says. An event that ' +
          'comes again is answered as the first time and runs nothing. An unknown hook and a wrong signature look alike.',
        params: closed({
          hookId: Type.String({ maxLength: 200, description: 'The end of `trigger.url` of an automation.' }),
        }),
        body: { content: { '*/*': { schema: Type.Unknown({ description: 'The event, as its sender writes it.' }) } } },
        response: {
          200: Type.Union([ref(WebhookReceipt), ref(WebhookChallenge)], {
            description: 'With `response: wait`: the result of the run. Or the answer to the question of Slack.',
          }),
          202: ref(WebhookReceipt),
          ...errors(401),
        },
      },
    },
    async (request, reply) => {
      const answer = await store(request, () => countUnproven(request, reply))
      if ('challenge' in answer) return reply.code(200).send(answer)
      const { receipt, hook, waitSeconds } = answer
      const run = waitSeconds === null ? undefined : await endOf(reply, hook, receipt, waitSeconds)
      return run === undefined ? reply.code(202).send(receipt) : reply.code(200).send({ ...receipt, run })
    },
  )

  async function store(request: FastifyRequest<{ Params: { hookId: string } }>, onUnproven: () => Promise<void>) {
    request.isBeingStored = true
    try {
      return await receive(request.params.hookId, deliveryOf(request), onUnproven)
    } finally {
      request.release?.()
    }
  }

  /** The result of a run; undefined where it takes longer, or too many wait already. */
  async function endOf(reply: FastifyReply, hook: Hook, { run_id: id }: Receipt, seconds: number) {
    if (id === null || app.runWaits.size >= MAX_WAITING) return undefined
    const { organizationId, automationId } = hook
    const run = await app.runWaits.wait({ organizationId, automationId, id }, seconds, hungUp(reply))
    return run && { status: run.status as RunStatus, error_message: run.error_message, output: run.output }
  }
}

/** What a request may take in memory: what it says, or the most where it does not say. */
function bytesOf({ headers }: FastifyRequest): number {
  const length = headers['content-length']
  return length === undefined ? LARGEST_BODY : Math.min(Number(length) || 0, LARGEST_BODY)
}

function deliveryOf({ headers, body }: FastifyRequest): Delivery {
  // `set-cookie` alone comes as a list, and says nothing in a request.
  const { 'set-cookie': _, ...others } = headers
  return { headers: others as Delivery['headers'], bytes: Buffer.isBuffer(body) ? body : Buffer.alloc(0) }
}

export default routes
