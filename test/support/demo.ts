import { until } from './until.ts'

/** What `npm start` prints of the demo workspace, by the names of its variables. */
export type DemoVariables = Record<'HS' | 'ORG' | 'SPACE' | 'EMAIL' | 'PASSWORD' | 'AI_TOKEN', string>

/** Reads them out of what a server has printed, which may still be on its way. */
export function demoVariables(output: readonly string[]): Promise<DemoVariables> {
  return until(async () => {
    const line = output.find((each) => each.startsWith('export HS='))
    const pairs = line?.slice('export '.length).split(' ') ?? []
    return line === undefined ? undefined : (Object.fromEntries(pairs.map((pair) => pair.split('='))) as DemoVariables)
  })
}

/** An answer's body. It is `any` on purpose: a test looks at whatever came. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Body = any

/** Sends one request under `/api/v1` and reads the answer. @throws Error where it is not 2xx */
export type Call = (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<Body>

/** A client of a running server, as whom the token says. */
export function clientOf(base: string, token?: string): Call {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
