import * as auditLog from '../../db/queries/audit-log.ts'
import { AuditLogQuery, AuditLogResponse } from '../../schemas/audit-log.ts'
import { ref } from '../../schemas/component.ts'
import { OrganizationParams } from '../../schemas/params.ts'
import { isUuid } from '../core/validation.ts'
import { readPage, showPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'

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
        description:
          'Newest first. An entry has its number and its hash within a second. `hyperspeed audit verify` checks the chain.',
        params: OrganizationParams,
        querystring: AuditLogQuery,
        response: { 200: ref(AuditLogResponse) },
      },
    },
    async ({ organization, query }) => {
      const { most, after } = readPage(query, [isUuid])
      const found = await auditLog.list(app.db, organization.id, {
        action: query.action ?? null,
        actorId: query.actor_id ?? null,
        targetId: query.target_id ?? null,
        before: after?.[0] ?? null,
        most,
      })
      const { page, next_cursor } = showPage(found, ({ id }) => [id])
      return { entries: page.map(toEntry), next_cursor }
    },
  )
}

/** The text of the entry is what its hash covers; it is read, not kept a second time in columns. */
function toEntry({ entry, ...chain }: auditLog.Row) {
  return { ...JSON.parse(entry), ...chain }
}

export default routes
