import { isExactNumber } from '../../db/exact-json.ts'
import type { HttpRequestAction } from '../../schemas/actions/http-request.ts'
import type { Egress } from '../egress/guard.ts'
import { headerNameProblem } from '../egress/headers.ts'
import type { ConfigProblem } from '../errors.ts'
import { escapePointer } from '../json-pointer.ts'
import { isSecretHeader } from '../secrets/redact.ts'
import type { ActionFacts, ActionProfile } from './action.ts'
import { checkTemplate, lengthProblem } from './template.ts'

type Check = Pick<Egress, 'check'>

const SIGNATURE_NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
/** Shorter ones prove nothing. */
const MIN_CREDENTIAL_LENGTH = 4

/** What the schema can't say of an `http_request`. Paths are JSON pointers into its config. */
export function requestProblems(egress: Check, config: HttpRequestAction, { secrets }: ActionFacts): ConfigProblem[] {
  const templates = textsOf(config)
  const tooLong = tooLongOf(templates)
  if (tooLong !== undefined) return [{ path: '', message: tooLong }]
  return [
    ...urlProblems(egress, config),
    ...headerProblems(config),
    ...bodyProblems(config),
    ...templates.flatMap(([path, template]) => templateProblems(path, template, secrets)),
  ]
}

/** What is plain of an `http_request` before it is filled in. */
export function requestProfile(config: HttpRequestAction): ActionProfile {
  const templates = textsOf(config)
  const names = tooLongOf(templates) !== undefined ? [] : templates.flatMap(([, template]) => secretNames(template))
  return { hosts: fixedHost(config.url), secrets: [...new Set(names)].sort(), warnings: warningsOf(config) }
}

function secretNames(template: string): string[] {
  return checkTemplate(template, { takesSecrets: true }).secrets
}

function tooLongOf(texts: [path: string, text: string][]): string | undefined {
  return lengthProblem(texts.map(([, text]) => text))
}

/** What a URL begins with before anything is filled in, and whether the host stands in it whole. */
function fixedPart(url: string): { fixed: string; isWhole: boolean; hasHost: boolean } {
  const [fixed = ''] = url.split(/\{[{%]/, 1)
  const isWhole = fixed === url
  return { fixed, isWhole, hasHost: isWhole || /^[^/]*\/\/[^/?#]+[/?#]/.test(fixed) }
}

function fixedHost(url: string): string[] {
  const { fixed, hasHost } = fixedPart(url)
  const host = hasHost ? URL.parse(fixed.trim())?.host : undefined
  return host ? [host] : []
}

/** What is sure about a URL before its templates are filled in. */
function urlProblems(egress: Check, { url }: HttpRequestAction): ConfigProblem[] {
  const { fixed, hasHost } = fixedPart(url)
  if (namesSecretInHost(url)) {
    const message = 'a secret must not be a part of the host: who approves it has to see where it is sent'
    return [{ path: '/url', message }]
  }
  if (!hasHost) {
    // The host is filled in later. Another scheme is wrong all the same.
    const isOther = /^[a-z][a-z\d+.-]*:/i.test(fixed) && !/^https?:/i.test(fixed)
    return isOther ? [{ path: '/url', message: 'the URL must begin with https:// or http://' }] : []
  }
  const message = egress.check(fixed.trim())
  return message === undefined ? [] : [{ path: '/url', message }]
}

/** Whether a secret is filled in before the path of a URL begins. */
function namesSecretInHost(url: string): boolean {
  const marked = url.replaceAll(/\{\{.*?\}\}|\{%.*?%\}/gs, (part) => (secretNames(part).length > 0 ? '\0' : 'x'))
  const [upToHost = ''] = /^[^/?#]*(?:\/\/[^/?#]*)?/.exec(marked.trim()) ?? []
  return upToHost.includes('\0')
}

function headerProblems({ headers = {}, signing }: HttpRequestAction): ConfigProblem[] {
  const seen = new Set<string>()
  return Object.entries(headers).flatMap(([name, value]) => {
    const lowerCase = name.toLowerCase()
    const problem =
      headerNameProblem(name) ??
      (seen.has(lowerCase) ? 'is set twice' : undefined) ??
      (signing === 'standard_webhooks' && SIGNATURE_NAMES.includes(lowerCase) ? 'is set by signing' : undefined) ??
      (/[\r\n]/.test(value.trim()) ? 'must not contain a line end' : undefined)
    seen.add(lowerCase)
    return problem === undefined ? [] : [{ path: `/headers/${escapePointer(name)}`, message: problem }]
  })
}

function bodyProblems({ method, body }: HttpRequestAction): ConfigProblem[] {
  const isBodiless = method === 'GET' || method === 'HEAD'
  return isBodiless && body !== undefined ? [{ path: '/body', message: `${method} takes no body` }] : []
}

function templateProblems(path: string, template: string, present: ReadonlySet<string> | null): ConfigProblem[] {
  const { problem, secrets } = checkTemplate(template, { takesSecrets: true })
  if (problem !== undefined) return [{ path, message: problem }]
  const missing = present === null ? [] : secrets.filter((name) => !present.has(name))
  const message = (name: string) => `the secret "${name}" is not there: a person sets it`
  return missing.map((name) => ({ path, message: message(name), isMissing: 'secret' }))
}

/** A credential that everybody who may read the config can read. */
function warningsOf({ headers = {} }: HttpRequestAction): string[] {
  return Object.entries(headers)
    .filter(([name, value]) => isSecretHeader(name.toLowerCase()) && hasLiteralCredential(value))
    .map(
      ([name]) =>
        `the header ${name} carries a credential in clear, for all who may read the config: {{ secrets.name }} keeps it secret`,
    )
}

/** Whether anything but what is filled in, the scheme and names before `=` stands in the value of a header. */
function hasLiteralCredential(value: string): boolean {
  const rest = value
    .replaceAll(/\{\{.*?\}\}|\{%.*?%\}/gs, ' ')
    .replace(/^\s*(?:basic|bearer|digest|token|apikey)\s/i, ' ')
    .replaceAll(/[\w-]+="?(?=\s|;|,|$)/g, ' ')
  return rest.split(/[\s;,"]+/).some((part) => part.length >= MIN_CREDENTIAL_LENGTH)
}

/** The strings of a config that may be templates, with their JSON pointers. */
function textsOf({ url, headers, body }: HttpRequestAction): [path: string, template: string][] {
  return stringsIn({ url, headers, body })
}

/** All strings in a JSON value, with their JSON pointers. */
function stringsIn(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return []
  return Object.entries(value).flatMap(([key, item]) => stringsIn(item, `${path}/${escapePointer(key)}`))
}
