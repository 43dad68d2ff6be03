import swagger from '@fastify/swagger'
import { Type } from '@sinclair/typebox'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { stringify } from 'yaml'
import { type ErrorStatus, errors } from '../../schemas/errors.ts'
import { Idempotent } from '../../schemas/headers.ts'
import { completeDocument } from './openapi-document.ts'
import { addLinks } from './openapi-links.ts'

/** Anybody may know of it. */
const PUBLIC = { 'x-internal': false }

/** In the order of the README's table; Swagger UI keeps it. */
const TAGS = [
  ['Automations', 'Workflow definitions of a space: proposed, approved, run.'],
  ['Review', 'What waits for a person, and the revisions that it is decided by.'],
  ['Runs', 'Executions of automations.'],
  ['Webhooks', 'Events from outside, and the secrets by which senders are known.'],
  ['Agent tools', 'What AI staff can do, as tools for models; the same as `POST /mcp`.'],
  ['Tunnels', 'Services that visitors reach through agents beside them.'],
  ['Secrets', 'What requests may use by name, and nobody can read.'],
  ['Auth', 'Accounts of people and their tokens.'],
  ['Me', 'The caller.'],
  ['Organizations', 'The organization and its settings.'],
  ['Members', 'Who belongs to an organization, and with which roles.'],
  ['Roles', 'Named sets of permissions.'],
  ['Invites', 'How people get in.'],
  ['Sign-up requests', 'People who wait to be let in.'],
  ['Service accounts', 'AI staff: they propose, they never approve.'],
  ['Spaces', 'Where automations live, and who may enter.'],
  ['Chat', 'Rooms of a space, where messages are delivered.'],
  ['Audit log', 'Who did what, append-only and chained.'],
  ['Health', 'For load balancers and supervisors.'],
] as const

declare module 'fastify' {
  interface FastifyInstance {
    /** The document as YAML, the same bytes each time. */
    openapiYaml(): string
  }
}

/**
 * The OpenAPI 3.0.3 document, made of the routes' own schemas. What follows from a route's `config`, method and shape
 * (its security, the permission that it needs, the errors that any such route can answer) is written here once.
 */
export default fp<{ publicUrl: string; version: string }>(
  async (app, { publicUrl, version }) => {
    const withOptionalBody = new Set<string>()
    app.addHook('onRoute', (route) => {
      if (route.schema === undefined || route.schema.hide) return
      describe(route)
      if (route.config?.optionalBody) withOptionalBody.add(route.schema.operationId ?? '')
    })
    await app.register(swagger, {
      openapi: {
        openapi: '3.0.3',
        info: {
          title: 'Hyperspeed Automations',
          version,
          description: INTRODUCTION,
          license: { name: 'MIT', identifier: undefined, url: 'https://opensource.org/license/mit' },
          contact: { name: 'Hyperspeed Automations' },
        },
        servers: [
          { url: publicUrl, description: 'This server: a local one, unless `PUBLIC_URL` says otherwise.', ...PUBLIC },
        ],
        tags: TAGS.map(([name, description]) => ({ name, description })),
        components: {
          securitySchemes: {
            accessToken: {
              type: 'http',
              scheme: 'bearer',
              bearerFormat: 'JWT',
              description:
                'A person: the `access_token` of `login`, `register` or `refresh`. It lives for 15 minutes. Only HS256 is ' +
                'believed, with issuer, audience and expiry checked (RFC8725).',
            },
            serviceAccountToken: {
              type: 'http',
              scheme: 'bearer',
              description: 'AI staff: the `sa_…` token that was shown when the service account was made or rotated.',
            },
          },
        },
      },
      transformObject(document) {
        const plain = JSON.parse(JSON.stringify('openapiObject' in document ? document.openapiObject : {}))
        completeDocument(plain, withOptionalBody)
        addLinks(plain)
        return plain
      },
      refResolver: { buildLocalReference: (json, _baseUri, _fragment, i) => String(json.$id ?? `def-${i}`) },
    })
    app.decorate('openapiYaml', () =>
      stringify(app.swagger(), { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' }),
    )
  },
  { name: 'openapi' },
)

const INTRODUCTION = `AI staff (service accounts) *propose* automations of a space; people *approve* exactly what they saw; what they approved runs.

Every request but those marked public carries \`Authorization: Bearer TOKEN\`. JSON is snake_case, ids are UUIDs, times are
RFC 3339 in UTC. Every error has the shape of \`Error\`. Unknown keys of a body are refused.

A POST with an \`Idempotency-Key\` can be repeated for 24 hours: the same key and body get the first answer again.`

const PERSON = { accessToken: [] }
const STAFF = { serviceAccountToken: [] }

function describe(route: RouteOptions): void {
  const { config = {}, method, url } = route
  const schema = route.schema ?? {}
  const isRepeatable = method === 'POST' && !config.ownIdempotency
  const statuses = new Set<ErrorStatus>([429, 500, 503])
  if (!config.public)
    for (const status of [401, ...(url.includes(':') ? [403] : [])] as const) statuses.add(status as ErrorStatus)
  if (config.peopleOnly) statuses.add(403)
  if (url.includes(':spaceId')) statuses.add(404)
  if (url.includes(':') || schema.querystring || schema.body || schema.headers || method === 'POST') statuses.add(400)
  // A body is read, and then refused, where none is wanted too.
  if (method !== 'GET' && method !== 'HEAD') for (const status of [400, 413, 415] as const) statuses.add(status)
  if (isRepeatable) for (const status of [409, 422] as const) statuses.add(status)
  const own = (schema.response ?? {}) as Record<string, unknown>
  route.schema = {
    ...schema,
    ...(isRepeatable ? { headers: withIdempotencyKey(schema.headers) } : {}),
    description: [schema.description, needs(route)].filter(Boolean).join('\n\n'),
    security: config.public ? [] : [...(config.staffOnly ? [] : [PERSON]), ...(config.peopleOnly ? [] : [STAFF])],
    response: { ...own, ...errors(...[...statuses].filter((status) => !(status in own))) },
  }
}

/** The headers that a POST says it takes, and the one that every POST takes. */
function withIdempotencyKey(headers: unknown): typeof Idempotent {
  const { properties = {} } = (headers ?? {}) as Partial<typeof Idempotent>
  return Type.Object({ ...Idempotent.properties, ...properties })
}

/** What a caller needs, in words. */
function needs({ config = {} }: RouteOptions): string {
  const { permission } = config
  if (permission === undefined) return 'Public: needs no token.'
  const who = config.peopleOnly
    ? ' People only: a service account is refused.'
    : config.staffOnly
      ? ' Service accounts only: a person is refused.'
      : ''
  if (permission === 'signed_in') return `Needs a valid token.${who}`
  if (permission === 'member') return `Needs membership of the organization.${who}`
  return `Needs the permission \`${permission}\`.${who}`
}
