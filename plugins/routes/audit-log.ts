import * as auditLog from '../../db/queries/audit-log.ts'
import { AuditLogQuery, AuditLogResponse } from '../../schemas/audit-log.ts'
import { ref } from '../../schemas/component.ts'
import { OrganizationParams } from '../../schemas/params.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const DEFAULT_LIMIT = 50

/** Who did what, append-only and chained. */
const routes: RoutePlugin = async (app) => {
  app.get(
    '',
    {
      config: { permission: 'org.manage' },
      schema: {
        operationId: 'listAuditLog',
        tags: ['Audit log'],
        summary: 'Read the audit log',
        description: 'Newest first. `hyperspeed audit verify` checks the chain.',
        params: OrganizationParams,
        querystring: AuditLogQuery,
        response: { 200: ref(AuditLogResponse) },
      },
    },
    async ({ organization, query }) => {
      const most = query.limit ?? DEFAULT_LIMIT
      const rows = await auditLog.list(app.db, organization.id, {
        action: query.action ?? null,
        actorId: query.actor_id ?? null,
        targetId: query.target_id ?? null,
        before: query.cursor === undefined ? null : Number(decodeCursor(query.cursor, [isSequence])[0]),
        most: most + 1,
      })
      const page = rows.slice(0, most)
      const last = rows.length > most ? page.at(-1) : undefined
      return { entries: page.map(toEntry), next_cursor: last ? encodeCursor([String(last.sequence)]) : null }
    },
  )
}

/** The text of the entry is what its hash covers; it is read, not kept a second time in columns. */
function toEntry({ entry, ...chain }: auditLog.Row) {
  return { ...JSON.parse(entry), ...chain }
}

function isSequence(text: string): boolean {
  return /^[1-9]\d{0,14}$/.test(text)
}

export default routes
