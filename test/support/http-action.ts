import { randomBytes, randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { ActionContext, ActionResult, Fill } from '../../src/actions/action.ts'
import { createHttpRequestAction, type HttpRequestConfig } from '../../src/actions/http-request.ts'
import { createRenderer } from '../../src/actions/renderer.ts'
import type { Scope } from '../../src/actions/scope.ts'
import { createEgress } from '../../src/egress/guard.ts'
import { type Receiver, startReceiver } from './receiver.ts'

export const RUN_ID = randomUUID()
export const SECRET = `whsec_${randomBytes(24).toString('base64')}`
export const SCOPE: Scope = {
  run: {
    id: RUN_ID,
    trigger: 'manual',
    attempt: 1,
    scheduled_for: null,
    created_at: '2026-01-01T00:00:00.000Z',
    input: {},
  },
  automation: { id: randomUUID(), name: 'Digest "A"', kind: 'scheduled', last_run_at: null },
  event: {
    id: null,
    key: null,
    type: null,
    headers: {},
    body: { path: 'orders', host: '169.254.169.254', evil: 'a\r\nx-evil: 1' },
    received_at: '2026-01-01T00:00:00.000Z',
  },
}

/** Fills in by {@link SCOPE}. */
export const fill: Fill = (templates, secrets) =>
  createRenderer().render({ organizationId: 'o', scope: SCOPE }, templates, {
    secrets,
    signal: new AbortController().signal,
  })

export type Run = (config: Partial<HttpRequestConfig>, context?: Partial<ActionContext>) => Promise<ActionResult>

/** The action, with a receiver that it may reach. A receiver is asked at `/` unless the config names another URL. */
export function actionFor(receiver?: Receiver, signingSecret: string | undefined = SECRET) {
  const egress = createEgress({ allow: receiver ? [receiver.authority] : [] })
  const action = createHttpRequestAction({
    egress,
    signingSecrets: async () => (signingSecret === undefined ? [] : [signingSecret]),
  })
  const base = {
    type: 'http_request',
    url: `http://${receiver?.authority ?? 'example.com'}/`,
    timeout_seconds: 10,
  } as const
  const context: ActionContext = {
    organizationId: randomUUID(),
    spaceId: randomUUID(),
    automationId: SCOPE.automation.id,
    runId: RUN_ID,
    attempt: 1,
    scope: SCOPE,
    fill,
    secrets: {},
    secretVersions: {},
    sentBefore: null,
    sending: async () => {},
    signal: new AbortController().signal,
  }
  const run: Run = (config, changes) => action.run({ ...base, ...config }, { ...context, ...changes })
  const preview = (config: Partial<HttpRequestConfig>) =>
    action.preview(
      { ...base, ...config },
      { ...context, space: { organizationId: 'o', id: 's' }, credentialSetAt: null, mayAsk: true },
    )
  const validate = (config: Partial<HttpRequestConfig>) => action.problems({ ...base, ...config }, { secrets: null })
  return { run, preview, validate }
}

/** {@link actionFor} a receiver that always gives the same answer. */
export async function answering(
  t: Test,
  status: number,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
) {
  const receiver = await startReceiver(t, (_request, response) => response.writeHead(status, headers).end(body))
  return { receiver, ...actionFor(receiver) }
}
