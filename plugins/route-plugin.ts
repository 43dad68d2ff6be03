import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '../db/client.ts'
import type { TriggerUrls } from '../db/queries/shown-automations.ts'
import type { Passwords } from '../src/access/passwords.ts'
import type { Actions } from '../src/actions/index.ts'
import type { Quota } from '../src/automations/quota.ts'
import type { EventBatches } from '../src/hooks/arrival.ts'
import type { Kinds } from '../src/kinds/registry.ts'
import type { RunQueue } from '../src/runs/queue.ts'
import type { Cipher } from '../src/secrets/cipher.ts'

/** A file of routes: encapsulated, typed by its schemas, and given nothing but what the app decorates. */
export type RoutePlugin = FastifyPluginAsyncTypebox

/** What every request may need and only `bin/` and tests make. */
export type Services = { db: Database; cipher: Cipher; passwords: Passwords }

declare module 'fastify' {
  interface FastifyInstance {
    readonly db: Database
    readonly cipher: Cipher
    readonly passwords: Passwords
    readonly actions: Actions
    readonly kinds: Kinds
    readonly rules: string
    readonly quota: Quota
    readonly queue: Pick<RunQueue, 'send' | 'sendWithin'>
    readonly settings: Settings
  }
}

/** Settings that routes read. */
export type Settings = {
  /** The version of this program. */
  version: string
  /** Where people and programs reach this API. */
  publicUrl: string
  /** Whether the database takes many organizations. */
  multiTenant: boolean
  eventBatches: EventBatches | undefined
  /** Whether this process runs automations. */
  isWorker: boolean
  /** Where what sets automations off comes in. */
  triggerUrls: TriggerUrls
  /** Requests a minute of one caller; undefined is no limit. */
  rateLimit: number | undefined
  /** Whether logins and registrations are counted; off where no requests are. */
  limitsLogins: boolean
}
