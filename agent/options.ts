import { parseArgs } from 'node:util'
import type { Target } from './session.ts'

export const HELP = `Usage: hyperspeed tunnel --server URL --token tun_… --to http://127.0.0.1:3000

Carries the requests of visitors of a tunnel to a service on this machine, or near it.

  --server URL       where the API is
  --token TOKEN      the token of the tunnel; better in HYPERSPEED_TUNNEL_TOKEN, which other users of this machine don't see
  --to URL           the service: http://host:port, host:port, or a port of this machine

  --name NAME        what the agent calls itself (default: the name of this machine)
  --inspect[=PORT]   show requests and answers, and send them again, on http://127.0.0.1:PORT (default: 4040)
  --websocket        begin with WebSockets, which are otherwise used where nothing else passes
  --sessions N       connections to keep (default: 4)
  --json             one JSON object a line for whatever happens
  --quiet            say nothing of single requests
  --help             show this
  --version          show the version

It reconnects by itself and ends with exit code 1 where the token is refused. NO_COLOR is honoured.
`

export type TunnelOptions = {
  server: URL
  token: string
  to: URL
  target: Target
  name: string | undefined
  inspectPort: number | undefined
  isWebSocket: boolean
  sessions: number | undefined
  isJson: boolean
  isQuiet: boolean
}

/** What was asked for can't be done; the message says why in one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const INSPECT_PORT = 4040
const MAX_SESSIONS = 64

/**
 * Reads the arguments after `tunnel`, and the environment.
 *
 * @returns the options, or what only has to be printed.
 * @throws UsageError
 */
export function readOptions(args: string[], env: NodeJS.ProcessEnv): TunnelOptions | 'help' | 'version' {
  // A flag that may have a value: parseArgs knows those with one and those without.
  const plain = args.map((arg) => (arg === '--inspect' ? `--inspect=${INSPECT_PORT}` : arg))
  const { values } = parse(plain)
  if (values.help) return 'help'
  if (values.version) return 'version'
  const token = values.token ?? env.HYPERSPEED_TUNNEL_TOKEN?.trim()
  const missing = [
    values.server === undefined ? '--server' : undefined,
    token === undefined || token === '' ? '--token (or HYPERSPEED_TUNNEL_TOKEN)' : undefined,
    values.to === undefined ? '--to' : undefined,
  ].filter((each) => each !== undefined)
  if (missing.length > 0) throw new UsageError(`${missing.join(', ')} missing; see hyperspeed tunnel --help`)
  if (!/^tun_[\w-]{43}$/.test(token ?? ''))
    throw new UsageError('--token: takes the token of a tunnel, which begins with tun_')
  const to = serviceOf(values.to ?? '')
  return {
    server: serverOf(values.server ?? ''),
    token: token ?? '',
    to,
    target: { host: to.hostname.replace(/^\[|\]$/g, ''), port: Number(to.port || 80) },
    name: nameOf(values.name),
    inspectPort: values.inspect === undefined ? undefined : number('--inspect', values.inspect, 0, 65_535),
    isWebSocket: values.websocket ?? false,
    sessions: values.sessions === undefined ? undefined : number('--sessions', values.sessions, 1, MAX_SESSIONS),
    isJson: values.json ?? false,
    isQuiet: values.quiet ?? false,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        server: { type: 'string' },
        token: { type: 'string' },
        to: { type: 'string' },
        name: { type: 'string' },
        inspect: { type: 'string' },
        websocket: { type: 'boolean' },
        sessions: { type: 'string' },
        json: { type: 'boolean' },
        quiet: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}; see hyperspeed tunnel --help`)
  }
}

function serverOf(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new UsageError(`--server: takes a URL like https://automations.example.com, not "${text}"`)
  return url
}

function serviceOf(text: string): URL {
  const whole = /^\d+$/.test(text) ? `http://127.0.0.1:${text}` : text.includes('://') ? text : `http://${text}`
  const url = URL.parse(whole)
  if (
    url === null ||
    url.protocol !== 'http:' ||
    url.port === '0' ||
    url.username !== '' ||
    url.href !== `${url.origin}/`
  )
    throw new UsageError(`--to: takes a URL like http://127.0.0.1:3000, without a path, not "${text}"`)
  return url
}

/** It travels in a header. */
function nameOf(name: string | undefined): string | undefined {
  if (name === undefined || /^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(name)) return name
  throw new UsageError('--name: takes up to 200 printable ASCII characters')
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(`${name}: takes a whole number from ${least} to ${most}, not "${text}"`)
  return value
}
