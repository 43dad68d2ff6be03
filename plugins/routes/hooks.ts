import type { IncomingMessage } from 'node:http'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LARGE_BYTES } from '../../db/large.ts'
import { closed, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import type { RunStatus } from '../../schemas/runs.ts'
import { WebhookChallenge, WebhookReceipt } from '../../schemas/webhook-events.ts'
import { ApiError } from '../../src/errors.ts'
import { type AdmissionLimits, type Arrival, createAdmission } from '../../src/hooks/admission.ts'
import type { Receipt } from '../../src/hooks/arrival.ts'
import { createReceiver, type Hook } from '../../src/hooks/receiver.ts'
import type { Delivery } from '../../src/kinds/kind.ts'
import { collectBody } from '../collect-body.ts'
import { hungUp } from '../hung-up.ts'
import { isCompressed } from '../is-compressed.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** What the largest events of GitHub have. */
const LARGEST_BODY = 25 * 1024 * 1024
/** Of one process. Beyond that, senders are asked to come again. */
const ON_THEIR_WAY: AdmissionLimits = {
  bytes: 192 * 1024 * 1024,
  largeBytes: 128 * 1024 * 1024,
  large: LARGE_BYTES,
  arriving: 4000,
  addressBytes: 96 * 1024 * 1024,
  addressArriving: 1000,
  stored: 4000,
}
const SWEEP_EVERY_MS = 1000
/** Senders, and others, that wait for the end of a run; further senders are answered at once. */
const MAX_WAITING = 2000
/** What Fastify surely takes for a content type. It would refuse others before the signature is looked at. */
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:;|$)/

declare module 'fastify' {
  interface FastifyRequest {
    /** The memory that the body of an event takes. */
    arrival: Arrival | null
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
  const receiving = { batches: settings.eventBatches, isWorker: settings.isWorker }
  const receive = createReceiver({ db, queue, cipher, actions, kinds, ...receiving })
  const admission = createAdmission(ON_THEIR_WAY)
  const countUnproven = app.createLimiter(settings.rateLimit, 60)

  const sweeping = setInterval(admission.sweep, SWEEP_EVERY_MS).unref()
  app.addHook('onClose', async () => clearInterval(sweeping))

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => {
    if (Number(request.headers['content-length']) > LARGEST_BODY) throw new ApiError('body_too_large')
    return collectBody(payload, LARGEST_BODY, (giveUp) => arrivalOf(request, giveUp))
  })
  app.decorateRequest('arrival', null)
  app.decorateRequest('isBeingStored', false)

  app.addHook('onRequest', async (request, reply) => {
    if (isCompressed(request.headers)) throw new ApiError('compressed_body')
    const type = request.headers['content-type']
    if (type !== undefined && !MEDIA_TYPE.test(type)) request.headers = { 'content-type': 'application/octet-stream' }
    // Whoever hangs up keeps nothing, unless the event is on its way into the database.
    reply.raw.once('close', () => {
      if (!request.isBeingStored) request.arrival?.leave()
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
          'Answers once the event is stored. The sender proves itself as the config of the automation says. JSON, forms and ' +
          'text are taken, of 25 MiB at the most. An event that comes again is answered as the first time and runs nothing, ' +
          'unless it has never run. An unknown hook and a wrong signature look alike.',
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
    const arrival = request.arrival ?? arrivalOf(request, () => {})
    request.isBeingStored = true
    try {
      arrival.end()
      return await receive(request.params.hookId, deliveryOf(request), onUnproven)
    } finally {
      arrival.leave()
      // Whoever waits for the run keeps no body meanwhile.
      request.body = undefined
    }
  }

  function arrivalOf(request: FastifyRequest, giveUp: (refusal: ApiError) => void): Arrival {
    request.arrival = admission.begin(request.ip, giveUp)
    return request.arrival
  }

  /** The result of a run; undefined where it takes longer, or too many wait already. */
  async function endOf(reply: FastifyReply, hook: Hook, { run_id: id }: Receipt, seconds: number) {
    if (id === null || app.runWaits.size >= MAX_WAITING) return undefined
    const { organizationId, automationId } = hook
    const run = await app.runWaits.wait({ organizationId, automationId, id }, seconds, hungUp(reply))
    return run && { status: run.status as RunStatus, error_message: run.error_message, output: run.output }
  }
}

function deliveryOf({ raw, body }: FastifyRequest): Delivery {
  // `set-cookie` alone comes as a list, and says nothing in a request.
  const { 'set-cookie': _, ...others } = raw.headers
  return { headers: others as Delivery['headers'], bytes: Buffer.isBuffer(body) ? body : Buffer.alloc(0) }
}

export default routes
