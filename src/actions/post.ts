import { type Static, Type } from '@sinclair/typebox'
import { OAUTH_SLOT } from '../../db/queries/automation-secrets.ts'
import { component } from '../../schemas/component.ts'
import { DEFAULT_SOCIAL_PROVIDER, type PostConfig } from '../../schemas/social.ts'
import { readJson } from '../egress/answer.ts'
import { EgressError } from '../egress/error.ts'
import type { Egress } from '../egress/guard.ts'
import { type ConfigProblem, ERRORS } from '../errors.ts'
import type { Failure } from '../failure.ts'
import { readCredential } from '../secrets/credential.ts'
import { MASK, maskHeaders, redactor } from '../secrets/redact.ts'
import type { Accounts } from '../social/accounts.ts'
import type { Social } from '../social/index.ts'
import { asRepeatable, failureOf, lostOf } from '../social/outcome.ts'
import {
  ASK_TIMEOUT_MS,
  type Ask,
  type Length,
  MAX_ANSWER_BYTES,
  type Session,
  type SocialProvider,
  TIMEOUT_MS,
} from '../social/provider.ts'
import { storableText } from '../storable.ts'
import type { Action, ActionContext, ActionPreview, ActionResult, Fill, PreviewContext } from './action.ts'
import { FillError } from './filling.ts'
import { plainWarnings, replacedWarnings } from './preview-warnings.ts'
import { checkTemplate, isTemplate } from './template.ts'

/** Of a text that stands at a network and is not the one of now. */
const MAX_TEXT_SHOWN = 3000
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
export type PostAction = Static<typeof PostAction>

export type PostDependencies = { egress: Pick<Egress, 'request' | 'check'>; social: Social; accounts: Accounts }

/**
 * Posts a text on a social network, with the credential of the automation. What may have arrived without an answer is not sent
 * again, except where the network knows a repeat: then it is the same text, in the name of the same run.
 */
export function createPostAction(dependencies: PostDependencies): Action<PostAction> {
  const { egress, social } = dependencies
  return {
    type: 'post',
    isInternal: true,
    schema: PostAction,
    problems: ({ config }) => problems(social, egress, config),
    profile({ config }) {
      const host = URL.parse(social.of(config).base(config))?.host
      return { hosts: host ? [host] : [], secrets: [], warnings: [] }
    },
    preview: (action, context) => preview(dependencies, action, context),
    run: (action, context) => post(dependencies, action, context),
  }
}

function problems(social: Social, egress: PostDependencies['egress'], config: PostConfig): ConfigProblem[] {
  const { default_text: text, instance_url } = config
  const provider = social.of(config)
  const wrongTemplate = text === undefined ? undefined : checkTemplate(text).problem
  const wrongUrl = instance_url === undefined ? undefined : (egress.check(instance_url) ?? originProblem(instance_url))
  const length = text === undefined || isTemplate(text) ? undefined : provider.measure?.(text.trim())
  const wrongText = wrongTemplate ?? (length && tooLong(provider, length))
  return [
    ...(wrongText === undefined ? [] : [{ path: '/config/default_text', message: wrongText }]),
    ...(wrongUrl === undefined ? [] : [{ path: '/config/instance_url', message: wrongUrl }]),
    ...(provider.problems?.(config) ?? []),
  ]
}

/** What stood behind the host would go to it with each question, and could take the place of what is asked. */
function originProblem(url: string): string | undefined {
  const { pathname, search, hash } = new URL(url)
  return pathname === '/' && search === '' && hash === '' && !/[?#]/.test(url)
    ? undefined
    : 'must be the server alone, such as https://mastodon.example: no path, no query'
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
  { egress, social, accounts }: PostDependencies,
  action: PostAction,
  context: ActionContext,
): Promise<ActionResult> {
  const { config } = action
  const provider = social.of(config)
  const { organizationId, automationId, runId, scope, sentBefore, signal } = context
  const wasSent = sentBefore !== null
  let until: Date | null = null
  let shownText: Record<string, unknown> = wasSent ? sentBefore : {}
  const failed = (failure: Failure): ActionResult => {
    const known = wasSent || until !== null ? asRepeatable(failure, wasSent) : failure
    return { ...known, output: { provider: nameOf(config), ...shownText, ...known.output } }
  }
  const [stored, version] = [context.secrets[OAUTH_SLOT], context.secretVersions[OAUTH_SLOT]]
  if (stored === undefined || version === undefined) return failed(final(NO_TOKEN))
  const credential = readCredential(stored)
  const account = accounts.open({ key: { organizationId, automationId, version }, credential, provider, config })
  const redact = (text: string) =>
    redactor(
      {},
      account.secrets().flatMap((secret) => [secret, `Bearer ${secret}`]),
    )(text)
  const ask = asker(egress, signal)
  try {
    const text = typeof sentBefore?.text === 'string' ? sentBefore.text : (await textOf(action, context.fill)).text
    if (text === '') return failed(final(NOTHING_TO_POST))
    const length = await lengthOf(provider, text, config, ask)
    shownText = { text, ...length }
    const wrong = length && tooLong(provider, length)
    if (wrong !== undefined && !wasSent) return failed(final(`the text ${wrong}`, { reason: 'too_long' }))
    let session = await account.session()
    if ('ok' in session) return failed(session)
    until = (await provider.repeatableUntil?.(config, ask, new Date())) ?? null
    if (wasSent && until === null) return failed(final(`${provider.title} does not say any more that it knows repeats`))
    const asked = { text, config, runId, createdAt: scope.run.created_at }
    const send = async (as: Session) => {
      const request = await provider.request({ ...asked, session: as }, ask)
      // Once more the fence: what is asked meanwhile may take its time.
      await context.sending({ provider: nameOf(config), ...shownText }, until)
      return await egress.request({ ...request, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES, signal })
    }
    let answer = await send(session)
    if (provider.isOver(answer)) {
      session = await account.renewed()
      if ('ok' in session) return failed(session)
      answer = await send(session)
      if (provider.isOver(answer)) return failed(await account.reject())
    }
    const isTaken = answer.status >= 200 && answer.status < 300
    const posted = isTaken ? provider.read(answer) : await provider.findPosted?.(answer, { ...asked, session }, ask)
    if (posted === undefined) return failed(failureOf(provider, answer, redact, new Date()))
    const [url, externalRef] = [shown(webAddress(posted.url), redact), shown(posted.id, redact)]
    const there =
      posted.text === undefined ? undefined : storableText(redact(posted.text)).text.slice(0, MAX_TEXT_SHOWN)
    const stands = there === undefined ? {} : { text: there, ...provider.measure?.(there) }
    return { ok: true, output: { provider: nameOf(config), url, ...shownText, ...stands }, externalRef }
  } catch (error) {
    if (error instanceof FillError) return failed(final(error.message))
    if (!(error instanceof EgressError)) throw error
    return failed(lostOf(error, redact))
  }
}

/** How long a text is there, and may be; undefined where that can't be known. */
async function lengthOf(
  provider: SocialProvider,
  text: string,
  config: PostConfig,
  ask: Ask,
): Promise<Length | undefined> {
  return provider.measure?.(text) ?? (await provider.measureThere?.(text, config, ask))
}

/** What a network says of where a post is, where that is an address of the web: people follow it. */
function webAddress(said: string): string {
  return /^https?:\/\//i.test(said) ? said : ''
}

/** What a network says, as it can be kept. */
function shown(said: string, redact: (text: string) => string): string {
  return storableText(redact(said)).text.slice(0, MAX_SHOWN)
}

function nameOf({ provider = DEFAULT_SOCIAL_PROVIDER }: PostConfig): string {
  return provider
}

function final(error: string, output?: Record<string, unknown>): Failure {
  return { ok: false, error, retry: 'no', isUnsent: true, ...(output === undefined ? {} : { output }) }
}

/** Asks for JSON with GET. What can't be had is undefined. */
function asker(egress: PostDependencies['egress'], signal?: AbortSignal): Ask {
  return async (url) => {
    try {
      const answer = await egress.request({
        method: 'GET',
        url,
        timeoutMs: ASK_TIMEOUT_MS,
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
  { scope, fill, credentialSetAt, mayAsk }: PreviewContext,
): Promise<ActionPreview> {
  const { config } = action
  const provider = social.of(config)
  const askNobody: Ask = async () => undefined
  const ask = mayAsk ? asker(egress) : askNobody
  const { text, replaced } = await textOf(action, fill)
  const warnings = replacedWarnings(replaced)
  if (text === '') warnings.push('there is nothing to post, unless a run brings a text')
  if (/\bevent\b/.test(config.default_text ?? '')) warnings.push('what outsiders write in events becomes public')
  const length = await lengthOf(provider, text, config, ask)
  if (length === undefined)
    warnings.push(
      mayAsk
        ? `${provider.title} can't be asked how long a post may be`
        : `${provider.title} is asked how long a post may be when a person looks`,
    )
  const wrong = length && tooLong(provider, length)
  if (wrong !== undefined) warnings.push(`a run would fail: the text ${wrong}`)
  const session = { access: MASK, account: config.identifier }
  const { id: runId, created_at: createdAt } = scope.run
  // Nobody is asked who is mentioned in what may never be posted, and what is too long is not looked at any closer.
  const looked = wrong === undefined ? text : ''
  const request = await provider.request({ text: looked, config, session, runId, createdAt }, askNobody)
  const { method, url, headers, body } = request
  const host = URL.parse(url)?.host
  return {
    action: {
      type: 'post',
      provider: nameOf(config),
      text,
      ...length,
      request: { method, url, headers: maskHeaders(headers), body: JSON.parse(body) },
    },
    hosts: host ? [host] : [],
    warnings: [...warnings, ...plainWarnings(url), ...(provider.warnings?.(looked, credentialSetAt, new Date()) ?? [])],
  }
}
