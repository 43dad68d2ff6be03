import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Database } from '../db/client.ts'
import { componentsOf } from '../schemas/index.ts'
import type { Passwords } from '../src/access/passwords.ts'
import type { Actions } from '../src/actions/index.ts'
import { createQuota, MAX_PER_SPACE } from '../src/automations/quota.ts'
import type { Config } from '../src/config.ts'
import type { EventBatches } from '../src/hooks/arrival.ts'
import type { Kinds } from '../src/kinds/registry.ts'
import type { RunQueue } from '../src/runs/queue.ts'
import type { Cipher } from '../src/secrets/cipher.ts'
import { serveConsole } from './console.ts'
import authentication from './core/authentication.ts'
import authorization from './core/authorization.ts'
import errors from './core/errors.ts'
import headers from './core/headers.ts'
import health from './core/health.ts'
import idempotency from './core/idempotency.ts'
import ids from './core/ids.ts'
import limits from './core/limits.ts'
import logins from './core/logins.ts'
import methods from './core/methods.ts'
import openapi from './core/openapi.ts'
import parts from './core/parts.ts'
import swaggerUi from './core/swagger-ui.ts'
import validation from './core/validation.ts'
import waiting from './core/waiting.ts'
import agentTools from './mcp/agent-tools.ts'
import mcp, { type McpOptions } from './mcp/index.ts'
import agents from './routes/agents.ts'
import auditLog from './routes/audit-log.ts'
import auth from './routes/auth.ts'
import automationPolicy from './routes/automation-policy.ts'
import automationSecrets from './routes/automation-secrets.ts'
import automations from './routes/automations.ts'
import chat from './routes/chat.ts'
import consoleLogin from './routes/console-login.ts'
import decisions from './routes/decisions.ts'
import events from './routes/events.ts'
import hooks from './routes/hooks.ts'
import instance from './routes/instance.ts'
import invites from './routes/invites.ts'
import me from './routes/me.ts'
import members from './routes/members.ts'
import namedSecrets from './routes/named-secrets.ts'
import notifications from './routes/notifications.ts'
import organizations from './routes/organizations.ts'
import preview from './routes/preview.ts'
import reviews from './routes/reviews.ts'
import revisions from './routes/revisions.ts'
import roles from './routes/roles.ts'
import runs from './routes/runs.ts'
import serviceAccounts from './routes/service-accounts.ts'
import signupRequests from './routes/signup-requests.ts'
import spaceRuns from './routes/space-runs.ts'
import spaces from './routes/spaces.ts'
import tunnels from './routes/tunnels.ts'
import webhookEvents from './routes/webhook-events.ts'
import { createServer } from './server.ts'

export type AppDependencies = {
  config: Pick<Config, 'publicUrl' | 'tunnelUrl' | 'corsOrigin' | 'rateLimit' | 'trustProxy' | 'multiTenant'>
  db: Database
  cipher: Cipher
  passwords: Passwords
  queue: Pick<RunQueue, 'send' | 'sendWithin'>
  actions: Actions
  kinds: Kinds
  /** Names what configs are held to (src/automations/means.ts). */
  rules: string
  jwtSecret: string
  version: string
  /** Milliseconds that the event loop may lag before requests are refused; without it, none is. */
  mostEventLoopDelay?: number
  /** How events of webhooks share transactions: for measuring what comes of it. */
  eventBatches?: EventBatches
  /** Whether this process runs automations. */
  isWorker?: boolean
  /** Of a process that only works: `/healthz` and `/readyz`, and nothing else. */
  onlyHealth?: boolean
  /** Whether this process runs automations as it should, where that is its work too. */
  isWorking?: () => boolean
  /** Another server of the Model Context Protocol than that of AI staff: to hold the endpoint against a suite. */
  mcp?: Pick<McpOptions, 'createServer'>
  logger?: FastifyServerOptions['logger']
}

const HOOKS = '/api/v1/hooks'
const ORGANIZATION = '/api/v1/organizations/:orgId'
const SPACE = `${ORGANIZATION}/spaces/:spaceId`

/** The whole HTTP application, ready to listen or to be injected into. It never listens by itself. */
export async function buildApp(deps: AppDependencies): Promise<FastifyInstance> {
  const { config, db, cipher, passwords, jwtSecret, version } = deps
  const app = createServer({ trustProxy: config.trustProxy, logger: deps.logger ?? false })
  app.decorate('db', db)
  app.decorate('cipher', cipher)
  app.decorate('passwords', passwords)
  app.decorate('queue', deps.queue)
  app.decorate('actions', deps.actions)
  app.decorate('kinds', deps.kinds)
  app.decorate('rules', deps.rules)
  app.decorate('quota', createQuota(MAX_PER_SPACE))
  app.decorate('settings', {
    version,
    publicUrl: config.publicUrl,
    multiTenant: config.multiTenant,
    rateLimit: config.rateLimit,
    limitsLogins: config.rateLimit !== undefined,
    eventBatches: deps.eventBatches,
    isWorker: deps.isWorker ?? false,
    triggerUrls: { hooksUrl: `${config.publicUrl}${HOOKS}/`, tunnelsUrl: config.tunnelUrl.replace('://', '://*.') },
  })

  const components = componentsOf(deps.kinds.schemas)
  await app.register(errors, { components })
  await app.register(methods)
  await app.register(validation, { components })
  await app.register(ids)
  await app.register(openapi, { publicUrl: config.publicUrl, version })
  await app.register(headers, { corsOrigin: config.corsOrigin })
  await app.register(limits, { mostEventLoopDelay: deps.mostEventLoopDelay })
  await app.register(authentication, { jwtSecret, publicUrl: config.publicUrl })
  await app.register(authorization, { db, rateLimit: config.rateLimit })
  await app.register(logins, { db, passwords, isLimited: config.rateLimit !== undefined })
  await app.register(parts)
  await app.register(idempotency, { db, cipher })
  await app.register(health, { db, isWorking: deps.isWorking })
  await app.register(waiting, { db })
  if (!deps.onlyHealth) await registerApi(app, deps)

  app.refuseOtherMethods()
  await app.ready()
  return app
}

async function registerApi(app: FastifyInstance, deps: AppDependencies): Promise<void> {
  const { publicUrl, corsOrigin } = deps.config
  const hasConsole = await serveConsole(app)
  await app.register(swaggerUi, { publicUrl, home: hasConsole ? '/console' : '/docs' })
  await app.register(automations, { prefix: `${SPACE}/automations` })
  await app.register(preview, { prefix: `${SPACE}/automations` })
  await app.register(decisions, { prefix: `${SPACE}/automations/:automationId` })
  await app.register(revisions, { prefix: `${SPACE}/automations/:automationId/revisions` })
  await app.register(spaceRuns, { prefix: `${SPACE}/runs` })
  await app.register(runs, { prefix: `${SPACE}/automations/:automationId` })
  await app.register(events, { prefix: ORGANIZATION })
  await app.register(automationSecrets, { prefix: `${SPACE}/automations/:automationId` })
  await app.register(namedSecrets, { prefix: `${SPACE}/automations/:automationId/secrets` })
  await app.register(tunnels, { prefix: `${SPACE}/automations/:automationId/tunnel` })
  await app.register(webhookEvents, { prefix: `${SPACE}/automations/:automationId` })
  await app.register(hooks, { prefix: HOOKS })
  await app.register(agents)
  await app.register(reviews, { prefix: `${ORGANIZATION}/reviews` })
  await app.register(automationPolicy, { prefix: `${ORGANIZATION}/automation-policy` })
  await app.register(instance, { prefix: '/api/v1/public' })
  await app.register(auth, { prefix: '/api/v1/auth' })
  await app.register(consoleLogin, { prefix: '/api/v1/console/login' })
  await app.register(me, { prefix: '/api/v1/me' })
  await app.register(notifications, { prefix: '/api/v1/me/notifications' })
  await app.register(organizations, { prefix: '/api/v1/organizations' })
  await app.register(invites, { prefix: '/api/v1' })
  await app.register(signupRequests, { prefix: `${ORGANIZATION}/signup-requests` })
  await app.register(members, { prefix: `${ORGANIZATION}/members` })
  await app.register(roles, { prefix: `${ORGANIZATION}/roles` })
  await app.register(serviceAccounts, { prefix: `${ORGANIZATION}/service-accounts` })
  await app.register(spaces, { prefix: `${ORGANIZATION}/spaces` })
  await app.register(chat, { prefix: `${SPACE}/chat-rooms` })
  await app.register(auditLog, { prefix: `${ORGANIZATION}/audit-log` })
  await app.register(agentTools, { prefix: `${ORGANIZATION}/agent-tools` })
  await app.register(mcp, { corsOrigin, ...deps.mcp })
}
