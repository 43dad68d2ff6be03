import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify'
import type { Transaction } from 'kysely'
import type { Database } from '../db/client.ts'
import type { JsonText } from '../db/json.ts'
import * as heldAutomations from '../db/queries/held-automations.ts'
import * as shownAutomations from '../db/queries/shown-automations.ts'
import type { DB } from '../db/types.ts'
import type { Space } from '../src/access/actor.ts'
import type { Seen } from '../src/automations/current.ts'
import { changeKnown, type Looked, toLooked } from '../src/automations/looked.ts'
import { isUuid } from './core/validation.ts'
import { WRITING } from './doors.ts'
import { matching } from './entity-tag.ts'
import { showAutomation } from './show-automation.ts'

/** Configures a route that changes one automation: what its rules need to know is read with the question whether the caller may. */
export function changesLooked(db: Database) {
  return {
    permission: WRITING.permission,
    reads: ({ params }, question) => {
      const { automationId: id } = params as Record<string, string>
      return isUuid(id) ? heldAutomations.findWithAccess(db, question, WRITING, { id }) : undefined
    },
  } satisfies FastifyContextConfig
}

/** What a rule is told to change: `looked` is what was read of it by {@link changesLooked}, undefined where nothing was. */
type Target = { space: Space; id: string; seen: Seen; looked: Looked | undefined }

/** Changes the automation of a request by a rule, as it was read before or else locked, and answers with what it is then. */
export function changeAndShow(
  request: FastifyRequest,
  reply: FastifyReply,
  urls: shownAutomations.TriggerUrls,
  change: (trx: Transaction<DB>, target: Target) => Promise<void>,
): Promise<JsonText> {
  const { space, params, headers } = request
  const { automationId: id = '' } = params as Record<string, string>
  const row = request.readAlong<heldAutomations.LookedRow>()
  return changeKnown(row && toLooked(row), (looked) =>
    reply.transactAndShow(async (trx) => {
      await change(trx, { space, id, seen: matching(headers['if-match']), looked })
      return async () => showAutomation(reply, await shownAutomations.find(trx, space, id, urls))
    }),
  )
}
