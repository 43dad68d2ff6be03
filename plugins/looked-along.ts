import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import type { Database } from '../db/client.ts'
import type { Door } from '../db/queries/access.ts'
import * as lookedAutomations from '../db/queries/looked-automations.ts'
import { SEES_EVERY_SPACE } from '../src/access/permissions.ts'
import { type Looked, toLooked } from '../src/automations/looked.ts'
import { isUuid } from './core/validation.ts'

/** What lets somebody change something in a space. */
export const WRITING = { permission: 'files.write', enterEverySpace: SEES_EVERY_SPACE } as const satisfies Door

/** Configures a route that changes one automation: what its rules need to know is read with the question whether the caller may. */
export function changesLooked(db: Database) {
  return {
    permission: WRITING.permission,
    reads: ({ params }, question) => {
      const { automationId: id } = params as Record<string, string>
      return isUuid(id) ? lookedAutomations.findWithAccess(db, question, WRITING, { id }) : undefined
    },
  } satisfies FastifyContextConfig
}

/** What was read by {@link changesLooked}; undefined where there is no such automation. */
export function lookedAlong(request: FastifyRequest): Looked | undefined {
  const row = request.readAlong<lookedAutomations.LookedRow>()
  return row && toLooked(row)
}
