import { type Static, Type } from '@sinclair/typebox'
import { closed, component, stringEnum } from '../component.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const

export const HttpRequestAction = component(
  'HttpRequestAction',
  closed(
    {
      type: stringEnum(['http_request'], { description: 'Sends an HTTP request.' }),
      method: Type.Optional(stringEnum(METHODS, { description: 'The method; POST when left out.' })),
      url: Type.String({
        minLength: 1,
        maxLength: 2048,
        description:
          'Where to: http or https, without a user or password in it, and at a public address. A Liquid template.',
      }),
      headers: Type.Optional(
        Type.Unsafe<Record<string, string>>({
          type: 'object',
          maxProperties: 50,
          additionalProperties: { type: 'string', maxLength: 4096 },
          description:
            'Sent along. Values are Liquid templates and become printable ASCII. `Host`, `Content-Length`, ' +
            '`Accept-Encoding` and the headers of the connection are set by the server. POST, PUT and PATCH get ' +
            '`Idempotency-Key: <run id>` unless it is set here.',
        }),
      ),
      body: Type.Optional(
        Type.Unknown({
          description:
            'A string is a Liquid template and is sent as `text/plain`. Anything else is sent as `application/json`, ' +
            'with its strings (not its keys) as Liquid templates. A `Content-Type` in `headers` takes precedence.',
        }),
      ),
      expect_status: Type.Optional(
        Type.Array(Type.Integer({ minimum: 200, maximum: 599 }), {
          minItems: 1,
          maxItems: 20,
          description: 'The statuses that mean success; 200 to 299 when left out. Redirects are not followed.',
        }),
      ),
      timeout_seconds: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 60,
          description: 'For everything from the first look-up to the end of the answer; 15 when left out.',
        }),
      ),
      repeat: Type.Optional(
        stringEnum(['safe', 'ask'], {
          description:
            '`safe`: after a failure in which it may have been received it is sent again. `ask`: it is never sent twice; a run ' +
            'whose request may have been received, without an answer that says so, ends as `unknown`, and a person says ' +
            'what became of it. `safe` when left out.',
        }),
      ),
      signing: Type.Optional(
        stringEnum(['standard_webhooks', 'none'], {
          description:
            'Signs by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`) with the ' +
            'secret of `POST …/signing-secret`; `none` when left out.',
        }),
      ),
    },
    {
      description:
        'Sends an HTTP request. It is sent at least once, unless `repeat` says otherwise: a receiver tells repetitions by ' +
        '`Idempotency-Key` or `webhook-id`, which hold the id of the run. In `url`, `headers` and `body`, ' +
        '`{{ secrets.name }}` stands for a secret of the automation.',
      example: {
        type: 'http_request',
        url: 'https://example.com/hooks/digest',
        headers: { 'x-source': 'hyperspeed' },
        body: { text: 'Run {{ run.id }} of {{ automation.name }}' },
        signing: 'standard_webhooks',
      },
    },
  ),
)
export type HttpRequestAction = Static<typeof HttpRequestAction>
