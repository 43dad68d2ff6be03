import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import type { Database } from '../db/client.ts'
import * as heldAutomations from '../db/queries/held-automations.ts'
import { type Looked, toLooked } from '../src/automations/looked.ts'
import { isUuid } from './core/validation.ts'
import { WRITING } from './doors.ts'

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

/** What was read by {@link changesLooked}; undefined where there is no such automation. */
export function lookedAlong(request: FastifyRequest): Looked | undefined {
  const row = request.readAlong<heldAutomations.LookedRow>()
  return row && toLooked(row)
}
