import { VERIFICATIONS, type Verification, type WebhookConfig, webhookSchema } from '../../../schemas/kinds/webhook.ts'
import type { ActionConfig } from '../../actions/action.ts'
import type { ConfigProblem } from '../../errors.ts'
import type { Config, Delivery, Intake, Kind } from '../kind.ts'
import { messageOrAction, messageOrActionProblems } from '../message-or-action.ts'
import { readEvent } from './event.ts'
import { filterProblems } from './filter.ts'
import { SCHEMES, tokenIn } from './schemes.ts'
import { isSigned, isToken } from './signature.ts'

const DEFAULT_MESSAGE = '{{ automation.name }}: {{ event.type | default: "an event" }} came in.'
const DEFAULT_WAIT_SECONDS = 10

const intake: Intake = {
  needsSecret: (config) => verificationOf(config) !== 'none',
  makeSecret: (config) => SCHEMES[verificationOf(config)].makeSecret(),
  secretProblem: (config, secret) => SCHEMES[verificationOf(config)].secretProblem(secret),
  verify,
  read: (config, delivery) => readEvent(known(config), delivery),
  waitSeconds: (config) =>
    known(config).response === 'wait' ? (known(config).wait_seconds ?? DEFAULT_WAIT_SECONDS) : null,
  example: (config) => ({ type: known(config).event_types?.[0] ?? null, body: {} }),
}

/** `webhook`: by what others send to a URL of its own, once they have proved who they are. */
export const webhook: Kind = {
  schema: webhookSchema,
  problems: (config, facts) => [
    ...[...headerProblems(known(config)), ...filterProblems(known(config))].map((problem) => ({
      ...problem,
      path: `/config${problem.path}`,
    })),
    ...messageOrActionProblems(known(config), effect(config), facts),
  ],
  effect,
  warnings: (config) => warningsFor(known(config)),
  pauseAfterFailures: (config) => known(config).pause_after_failures ?? null,
  intake,
}

function headerProblems({ verification, header }: WebhookConfig): ConfigProblem[] {
  const isNeeded = verification === 'hmac' || verification === 'token'
  return isNeeded && header === undefined
    ? [{ path: '/header', message: `is required with ${verification}`, isMissing: true }]
    : []
}

function verify(config: Config, delivery: Delivery, secrets: readonly string[], now: Date): boolean {
  const isProof = proves(config, delivery, secrets, now)
  // A header that is not named yet proves nothing, whatever is sent.
  return isProof && headerProblems(known(config)).length === 0
}

function proves(config: Config, { headers, bytes }: Delivery, secrets: readonly string[], now: Date): boolean {
  const verification = verificationOf(config)
  const scheme = SCHEMES[verification]
  const { header = '' } = known(config)
  if (verification === 'none') return true
  if (verification === 'token') {
    // One that was set for another scheme may be too little for a token.
    const tokens = secrets.filter((secret) => scheme.secretProblem(secret) === undefined).map(tokenIn)
    return isToken(tokenIn(headers[header.toLowerCase()] ?? ''), tokens, bytes, now)
  }
  const keys = secrets.map((secret) => scheme.key(secret))
  return isSigned(scheme.claim(headers, known(config)), bytes, keys, scheme.signing(known(config)), now)
}

function warningsFor({ verification, response }: WebhookConfig): string[] {
  const warnings: string[] = []
  if (verification === 'none')
    warnings.push('nothing is verified: whoever knows the URL can set it off, with any content')
  if (verification === 'token') warnings.push('a token proves who sends, and not that nobody changed it on the way')
  if (response === 'wait') warnings.push('the sender reads the result of the run')
  return warnings
}

function effect(config: Config): ActionConfig {
  return messageOrAction(known(config), DEFAULT_MESSAGE)
}

/** Also of a config that is not valid yet, for which a secret may be set already. */
function verificationOf(config: Config): Verification {
  return VERIFICATIONS.find((each) => each === config.verification) ?? 'standard_webhooks'
}

/** The keys that this kind knows; they are typed once the config has been validated. */
function known(config: Config): WebhookConfig {
  return config as WebhookConfig
}
