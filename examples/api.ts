// What the examples share: settings from the environment, and one function that asks the API. Needs Node 24 or newer,
// and nothing else.

const VARIABLES = ['HS', 'ORG', 'SPACE', 'EMAIL', 'PASSWORD', 'AI_TOKEN'] as const

/** Of the demo workspace, by the names under which `npm start` prints them. */
export type Settings = Record<(typeof VARIABLES)[number], string>

/** An automation, as far as the examples look at it. */
export type Automation = { id: string; name: string; status: string; digest: string; next_run_at: string | null }

/** One run of it. */
export type Run = { id: string; status: string; trigger: string; error_message: string | null; created_at: string }

/** A refusal of the API: its sentence is for people, its code for programs. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, { error, code }: { error: string; code: string }) {
    super(error)
    this.status = status
    this.code = code
  }
}

/** Reads the settings. With `--help`, or where one is missing, says how to run the example and ends. */
export function readSettings(what: string): Settings {
  const missing = VARIABLES.filter((name) => !process.env[name])
  if (!process.argv.includes('--help') && missing.length === 0) return process.env as Settings
  const script = process.argv[1]?.split('/').at(-1)
  console.log(`${what}

Start a server with \`npm start\`. The first time it prints a line \`export HS=… ORG=… SPACE=… EMAIL=… PASSWORD=… AI_TOKEN=…\`.
Paste it into another terminal, and then:

  node examples/${script}`)
  if (missing.length > 0) console.error(`\nNot set: ${missing.join(' ')}`)
  process.exit(process.argv.includes('--help') ? 0 : 2)
}

/** Asks the API as whom the token says, under the path of the space where the path is relative. */
export type Ask = <T>(method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<T>

/** @returns a function that sends one request and reads its answer. @throws Refusal where the answer is not 2xx */
export function asking({ HS, ORG, SPACE }: Settings, token: string): Ask {
  return async <T>(method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const url = new URL(path, `${HS}/api/v1/organizations/${ORG}/spaces/${SPACE}/`)
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Refusal(response.status, JSON.parse(text))
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
}

/** Logs in as the person of the settings. The token lives for 15 minutes. */
export async function logIn(settings: Settings): Promise<string> {
  const { EMAIL: email, PASSWORD: password } = settings
  const ask = asking(settings, '')
  return (await ask<{ access_token: string }>('POST', '/api/v1/auth/login', { email, password })).access_token
}
