import { type Static, Type } from '@sinclair/typebox'
import { Action } from '../actions/action.ts'
import { closed, component, ref, stringEnum } from '../component.ts'
import { tryOut } from './input.ts'
import type { KindSchema } from './kind.ts'
import { pauseAfterFailures } from './recovery.ts'

export const VERIFICATIONS = ['standard_webhooks', 'github', 'stripe', 'slack', 'hmac', 'token', 'none'] as const
export type Verification = (typeof VERIFICATIONS)[number]

const headerName = (description: string, example: string) =>
  Type.Optional(Type.String({ maxLength: 100, pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$", description, example }))

/** How a sender proves itself. */
const proof = {
  verification: Type.Optional(
    stringEnum(VERIFICATIONS, {
      description:
        'How the sender proves itself, with the secret of `POST …/webhook/secret`. `standard_webhooks` takes the headers of ' +
        'Svix too. `hmac` takes `header`, `algorithm`, `encoding` and `prefix`; `token` takes `header`; with `none`, whoever ' +
        'knows the URL is believed. Where a header lists several signatures, one that is right is enough. ' +
        'Default: `standard_webhooks`.',
      example: 'github',
    }),
  ),
  header: headerName('With `hmac` and `token`: the header of the signature, or of the token.', 'X-Signature'),
  algorithm: Type.Optional(
    stringEnum(['sha256', 'sha384', 'sha512'], { description: 'With `hmac`. Default: `sha256`.', example: 'sha256' }),
  ),
  encoding: Type.Optional(
    stringEnum(['hex', 'base64'], {
      description: 'With `hmac`: how the signature is written. Default: `hex`.',
      example: 'hex',
    }),
  ),
  prefix: Type.Optional(
    Type.String({
      maxLength: 50,
      description:
        'With `hmac`: what stands before the signature in the header, before each where there are several. Default: nothing.',
      example: 'sha256=',
    }),
  ),
}

/** What is made of an event. */
const reading = {
  event_key_header: headerName(
    'With `hmac`, `token` and `none`: the header by which an event that comes again is known. Default: `Idempotency-Key`.',
    'X-Event-Id',
  ),
  event_type_header: headerName(
    'With `hmac`, `token` and `none`: the header that has the type of the event. Default: `type` in the body.',
    'X-Event-Type',
  ),
  event_types: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      minItems: 1,
      maxItems: 100,
      description:
        'Only events of these types start a run. One that ends in `*` stands for all that begin so. Default: every event.',
      example: ['invoice.paid', 'customer.*'],
    }),
  ),
  filter: Type.Optional(
    Type.Array(
      closed(
        {
          path: Type.String({
            minLength: 1,
            maxLength: 500,
            description:
              'One place of the body, as a JSONPath of names and indexes (RFC 9535): `$.pull_request.base.ref`. The fields ' +
              'of a form are its members.',
            example: '$.ref',
          }),
          equals: Type.Unknown({ description: 'The value that must be there.', example: 'refs/heads/main' }),
        },
        { title: 'WebhookFilter' },
      ),
      {
        minItems: 1,
        maxItems: 20,
        description: 'Only events whose body has all of these values start a run. Default: every event.',
        example: [{ path: '$.ref', equals: 'refs/heads/main' }],
      },
    ),
  ),
}

/** What it does then. */
const effect = {
  channel: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'The channel that `message` is posted to. Short for a `message` action. Default: `general`.',
      example: 'general',
    }),
  ),
  message: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'A Liquid template with `event`, `run` and `automation` in scope. Default: that an event came.',
      example: 'Pushed to {{ event.body.ref }} by {{ event.body.pusher.name }}',
    }),
  ),
  action: Type.Optional(ref(Action)),
  response: Type.Optional(
    stringEnum(['accepted', 'wait'], {
      description:
        '`accepted`: the sender is answered as soon as the event is stored. `wait`: it is answered with the result of the ' +
        'run, if that comes within `wait_seconds`. Default: `accepted`.',
      example: 'accepted',
    }),
  ),
  wait_seconds: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 30, description: 'With `response: wait`. Default: 10.', example: 10 }),
  ),
  pause_after_failures: pauseAfterFailures,
}

export const WebhookConfig = component(
  'WebhookConfig',
  Type.Object(
    { ...proof, ...reading, ...effect },
    {
      additionalProperties: true,
      description:
        'From whom a `webhook` automation takes events, and what it does with them. Keys that are not listed here are kept ' +
        'and returned.',
      example: {
        verification: 'github',
        event_types: ['push'],
        filter: [{ path: '$.ref', equals: 'refs/heads/main' }],
        channel: 'general',
        message: 'Pushed to main by {{ event.body.pusher.name }}',
      },
    },
  ),
)
export type WebhookConfig = Static<typeof WebhookConfig>

/** `webhook`: by what others send. */
export const webhookSchema: KindSchema = {
  name: 'webhook',
  title: 'Webhook',
  config: WebhookConfig,
  input: tryOut,
  example: { name: 'Deployments', config: { verification: 'github', channel: 'general' } },
}
