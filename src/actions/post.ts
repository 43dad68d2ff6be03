import { type Static, Type } from '@sinclair/typebox'
import { OAUTH_SLOT } from '../../db/queries/automation-secrets.ts'
import { component } from '../../schemas/component.ts'
import { DEFAULT_SOCIAL_PROVIDER, type PostConfig } from '../../schemas/social.ts'
import { EgressError } from '../egress/error.ts'
import type { Egress } from '../egress/guard.ts'
import { type ConfigProblem, ERRORS } from '../errors.ts'
import { MASK, maskHeaders, redactor } from '../secrets/redact.ts'
import { readJson } from '../social/answer.ts'
import type { Social } from '../social/index.ts'
import { failureOf, lostOf } from '../social/outcome.ts'
import type { Ask, Length, SocialProvider } from '../social/provider.ts'
import { storableText } from '../storable.ts'
import type { Action, ActionContext, ActionPreview, ActionResult, Fill } from './action.ts'
import { FillError } from './filling.ts'
import { plainWarnings, replacedWarnings } from './preview-warnings.ts'
import type { Scope } from './scope.ts'
import { checkTemplate, isTemplate } from './template.ts'

const TIMEOUT_MS = 20_000
const MAX_ANSWER_BYTES = 65_536
const MAX_SHOWN = 1000
const [, NOTHING_TO_POST] = ERRORS.nothing_to_post
const [, NO_TOKEN] = ERRORS.credential_missing

/** What a kind does that posts; no config of an automation can name it. */
const PostAction = component(
  'PostAction',
  Type.Object(
    {
      type: Type.String(),
      /** As the automation has it: the network, and what it takes. */
      config: Type.Unsafe<PostConfig>({ type: 'object' }),
      /** What is posted as it stands here, instead of what the config says. */
      text: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
)
type PostAction = Static<typeof PostAction>

export type PostDependencies = { egress: Pick<Egress, 'request' | 'check'>; social: Social }

/**
 * Posts a text on a social network, with the credential of the automation. What may have arrived without an answer is not sent
 * again, except where the network knows a repeat.
 */
export function createPostAction(dependencies: PostDependencies): Action<PostAction> {
  const { egress, social } = dependencies
  return {
    type: 'post',
    isInternal: true,
    schema: PostAction,
    problems: ({ config }) => problems(social, egress, config),
    profile({ config }) {
      const provider = social.of(config)
      const host = provider && URL.parse(provider.base(config))?.host
      return { hosts: host ? [host] : [], secrets: [], warnings: [] }
    },
    preview: (action, scope, fill) => preview(dependencies, action, scope, fill),
    run: (action, context) => post(dependencies, action, context),
  }
}

function problems(social: Social, egress: PostDependencies['egress'], config: PostConfig): ConfigProblem[] {
  const { default_text: text, instance_url } = config
  const provider = social.of(config)
  const wrongTemplate = text === undefined ? undefined : checkTemplate(text).problem
  const wrongUrl = instance_url === undefined ? undefined : egress.check(instance_url)
  const length = text === undefined || isTemplate(text) ? undefined : provider?.measure?.(text.trim())
  const wrongText = wrongTemplate ?? (provider && length && tooLong(provider, length))
  return [
    ...(wrongText === undefined ? [] : [{ path: '/config/default_text', message: wrongText }]),
    ...(wrongUrl === undefined ? [] : [{ path: '/config/instance_url', message: wrongUrl }]),
    ...(provider?.problems?.(config) ?? []),
  ]
}

function tooLong({ title }: SocialProvider, { length, limit }: Length): string | undefined {
  return length > limit ? `is longer than ${title} takes: ${length} of ${limit}` : undefined
}

/** What is to be posted, trimmed. */
async function textOf({ text, config }: PostAction, fill: Fill): Promise<{ text: string; replaced: string[] }> {
  if (text !== undefined) return { text: text.trim(), replaced: [] }
  const { value, replaced } = await fill({ default_text: config.default_text ?? '' })
  return { text: (value as { default_text: string }).default_text.trim(), replaced }
}

async function post(
  { egress, social }: PostDependencies,
  action: PostAction,
  context: ActionContext,
): Promise<ActionResult> {
  const { config } = action
  const provider = social.of(config)
  if (provider === undefined) return final(`posts on ${config.provider} do not run yet`)
  const token = context.secrets[OAUTH_SLOT]
  if (token === undefined) return final(NO_TOKEN)
  const redact = redactor({}, [token])
  try {
    const { text } = await textOf(action, context.fill)
    if (text === '') return final(NOTHING_TO_POST)
    const ask = asker(egress, context.signal)
    const length = provider.measure?.(text) ?? (await provider.measureThere?.(text, config, ask))
    const wrong = length && tooLong(provider, length)
    if (wrong !== undefined) return final(`the text ${wrong}`, length && { ...length, text, reason: 'too_long' })
    const request = provider.request({ text, config, token, runId: context.runId })
    if (!provider.knowsRepeats) await context.sending({ provider: nameOf(config), text, ...length })
    const { signal } = context
    const answer = await egress.request({ ...request, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES, signal })
    const isTaken = answer.status >= 200 && answer.status < 300
    const posted = isTaken ? provider.read(answer) : undefined
    if (posted === undefined) return withText(failureOf(provider, answer, redact, new Date()), config, text, length)
    const [url, externalRef] = [shown(posted.url, redact), shown(posted.id, redact)]
    return { ok: true, output: { provider: nameOf(config), url, text, ...length }, externalRef }
  } catch (error) {
    if (error instanceof FillError) return final(error.message)
    if (!(error instanceof EgressError)) throw error
    return lostOf(provider, error, redact)
  }
}

/** What a network says, as it can be kept. */
function shown(said: string, redact: (text: string) => string): string {
  return storableText(redact(said)).text.slice(0, MAX_SHOWN)
}

function nameOf({ provider = DEFAULT_SOCIAL_PROVIDER }: PostConfig): string {
  return provider
}

function final(error: string, output?: Record<string, unknown>): ActionResult {
  return { ok: false, error, retry: 'no', isUnsent: true, ...(output === undefined ? {} : { output }) }
}

function withText(
  failure: ActionResult & { ok: false },
  config: PostConfig,
  text: string,
  length: Length | undefined,
): ActionResult {
  return { ...failure, output: { provider: nameOf(config), text, ...length, ...failure.output } }
}

/** Asks for JSON with GET. What can't be had is undefined. */
function asker(egress: PostDependencies['egress'], signal?: AbortSignal): Ask {
  return async (url) => {
    try {
      const answer = await egress.request({
        method: 'GET',
        url,
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_ANSWER_BYTES,
        signal,
      })
      return answer.status === 200 ? readJson(answer) : undefined
    } catch (error) {
      if (error instanceof EgressError) return undefined
      throw error
    }
  }
}

async function preview(
  { egress, social }: PostDependencies,
  action: PostAction,
  scope: Scope,
  fill: Fill,
): Promise<ActionPreview> {
  const { config } = action
  const provider = social.of(config)
  const { text, replaced } = await textOf(action, fill)
  const shown = { type: 'post', provider: nameOf(config), text }
  const warnings = replacedWarnings(replaced)
  if (provider === undefined)
    return { action: shown, hosts: [], warnings: [...warnings, `posts on ${config.provider} do not run yet`] }
  if (text === '') warnings.push('there is nothing to post, unless a run brings a text')
  if (/\bevent\b/.test(config.default_text ?? '')) warnings.push('what outsiders write in events becomes public')
  const length = provider.measure?.(text) ?? (await provider.measureThere?.(text, config, asker(egress)))
  if (length === undefined) warnings.push(`${provider.title} can't be asked how long a post may be`)
  const wrong = length && tooLong(provider, length)
  if (wrong !== undefined) warnings.push(`a run would fail: the text ${wrong}`)
  const request = provider.request({ text, config, token: MASK, runId: scope.run.id })
  const host = URL.parse(request.url)?.host
  return {
    action: {
      ...shown,
      ...length,
      request: {
        method: request.method,
        url: request.url,
        headers: maskHeaders(request.headers),
        body: JSON.parse(request.body),
      },
    },
    hosts: host ? [host] : [],
    warnings: [...warnings, ...plainWarnings(request.url), ...(provider.warnings?.(text) ?? [])],
  }
}
