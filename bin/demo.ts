import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import * as organizations from '../db/queries/organizations.ts'
import type { Config } from '../src/config.ts'
import type { OpenedDatabase } from './database.ts'
import { loadConfig } from './load-config.ts'
import { startProgram } from './program.ts'

const EMAIL = 'owner@demo.example'

/** A workspace to look around in, and who may enter it. */
export type Demo = {
  organizationId: string
  spaceId: string
  email: string
  password: string
  /** The token of the service account, which is shown this once. */
  serviceAccountToken: string
}

/** Whether a server makes the workspace by itself: on an embedded database in which nobody is yet. */
export async function isDemoWanted(config: Config, { db, embedded }: OpenedDatabase): Promise<boolean> {
  return config.demo && config.role !== 'worker' && embedded && (await organizations.findFirst(db)) === undefined
}

/** Makes the workspace on any database in which nobody is yet, and prints how to get in. @returns the exit code. */
export async function demo(env: NodeJS.ProcessEnv): Promise<number> {
  const config = await loadConfig(env)
  const { app, database, stop } = await startProgram(config, { isWorker: false })
  try {
    if ((await organizations.findFirst(database.db)) !== undefined) {
      console.error('hyperspeed: there is an organization already: a demo workspace needs a database without one')
      return 1
    }
    console.log(describeDemo(await makeDemo(app), config.publicUrl))
    return 0
  } finally {
    await stop()
  }
}

/**
 * Makes a small workspace through the API itself, as any client would: an organization with its owner, a space with a
 * chat room, a service account, and automations of every kind and status.
 */
export async function makeDemo(app: FastifyInstance): Promise<Demo> {
  const password = randomBytes(12).toString('base64url')
  const registration = { email: EMAIL, password, name: 'Demo owner', organization_name: 'Demo' }
  const { access_token: token } = await post(app, '', '/api/v1/auth/register', registration)
  const owner = (path: string, body: object) => post(app, token, path, body)
  const organizationId = (await get(app, token, '/api/v1/organizations')).organizations[0].id
  const organization = `/api/v1/organizations/${organizationId}`
  const { role } = await owner(`${organization}/roles`, {
    name: 'AI staff',
    permissions: ['files.read', 'files.write', 'chat.read', 'chat.write'],
  })
  const { token: serviceAccountToken } = await owner(`${organization}/service-accounts`, {
    name: 'Assistant',
    role_ids: [role.id],
  })
  const { id: spaceId } = await owner(`${organization}/spaces`, {
    name: 'Marketing',
    description: 'A space to try things in',
  })
  const space = `${organization}/spaces/${spaceId}`
  await owner(`${space}/chat-rooms`, { name: 'general' })
  for (const automation of BY_THE_OWNER) await owner(`${space}/automations`, automation)
  for (const proposal of BY_AI_STAFF) await post(app, serviceAccountToken, `${space}/automations`, proposal)
  const { automation } = await post(app, serviceAccountToken, `${space}/automations`, REJECTED.proposal)
  await owner(`${space}/automations/${automation.id}/reject`, REJECTED.rejection)
  return { organizationId, spaceId, email: EMAIL, password, serviceAccountToken }
}

const BY_THE_OWNER = [
  {
    name: 'Weekly digest',
    kind: 'scheduled',
    status: 'active',
    config: { cron: '0 9 * * MON', channel: 'general' },
  },
  {
    name: 'Heartbeat',
    kind: 'scheduled',
    status: 'active',
    config: { cron: '* * * * *', channel: 'general', message: 'Still here at {{ run.scheduled_for }}.' },
  },
  {
    name: 'Deployments',
    kind: 'webhook',
    status: 'paused',
    config: { verification: 'github', channel: 'general', message: 'Deployed {{ event.body.ref }}' },
  },
  {
    name: 'Staging preview',
    kind: 'reverse_tunnel',
    config: { protocol: 'http', subdomain: 'staging', access: 'token' },
  },
]

const BY_AI_STAFF = [
  {
    name: 'Launch announcement',
    kind: 'social_post',
    config: { provider: 'mastodon', instance_url: 'https://mastodon.example', default_text: 'We are live!' },
    description: 'The launch is on Thursday, and nobody has written a post yet.',
  },
]

const REJECTED = {
  proposal: {
    name: 'Reminder every minute',
    kind: 'scheduled',
    config: { cron: '* * * * *', channel: 'general', message: 'Stand up!' },
    description: 'Keeps everybody awake.',
  },
  rejection: { reason: 'Once a day is plenty.', code: 'too_often', paths: ['/config/cron'] },
}

/** What a visitor needs, with three requests to copy. */
export function describeDemo(demo: Demo, base: string): string {
  const { organizationId, spaceId, email, password, serviceAccountToken } = demo
  const json = `-H 'content-type: application/json'`
  const variables = {
    HS: base,
    ORG: organizationId,
    SPACE: spaceId,
    EMAIL: email,
    PASSWORD: password,
    AI_TOKEN: serviceAccountToken,
  }
  return `
A demo workspace was made. These are shown once:

  owner       ${email}
  password    ${password}
  AI staff    ${serviceAccountToken}

Log in to ${base}/console, where a proposal waits for you. Let Claude work as AI staff (docs/mcp.md has other clients):

claude mcp add --transport http hyperspeed ${base}/mcp --header "Authorization: Bearer ${serviceAccountToken}"

or paste this into another terminal:

export ${Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}
TOKEN=$(curl -s "$HS/api/v1/auth/login" ${json} -d "{\\"email\\":\\"$EMAIL\\",\\"password\\":\\"$PASSWORD\\"}" | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')
curl -s "$HS/api/v1/organizations/$ORG/spaces/$SPACE/automations" -H "Authorization: Bearer $TOKEN"
curl -s "$HS/api/v1/organizations/$ORG/spaces/$SPACE/automations" -H "Authorization: Bearer $AI_TOKEN" ${json} -d '{"name":"Evening summary","kind":"scheduled","config":{"cron":"0 18 * * MON-FRI","channel":"general"},"status":"active"}'
`
}

// biome-ignore lint/suspicious/noExplicitAny: a client reads what came; the schemas say what it is
type Body = any

async function post(app: FastifyInstance, token: string, url: string, payload: object): Promise<Body> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
  return read(await app.inject({ method: 'POST', url, payload, headers }))
}

async function get(app: FastifyInstance, token: string, url: string): Promise<Body> {
  return read(await app.inject({ method: 'GET', url, headers: { authorization: `Bearer ${token}` } }))
}

function read(answer: { statusCode: number; body: string; json(): Body }): Body {
  if (answer.statusCode >= 300) throw new Error(`the demo workspace was refused: ${answer.statusCode} ${answer.body}`)
  return answer.json()
}
