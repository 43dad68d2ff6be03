import { nameOf } from '../../db/queries/automation-secrets.ts'
import * as reviews from '../../db/queries/reviews.ts'
import type { AutomationConfig, AutomationStatus } from '../../schemas/automations.ts'
import { ref } from '../../schemas/component.ts'
import { OrganizationParams } from '../../schemas/params.ts'
import { ReviewListResponse, ReviewQuery } from '../../schemas/reviews.ts'
import { seesEverySpace } from '../../src/access/permissions.ts'
import { contentOf } from '../../src/automations/content.ts'
import { readAhead } from '../../src/automations/read-ahead.ts'
import { diff } from '../../src/automations/revisions.ts'
import type { ErrorDetail } from '../../src/errors.ts'
import { readStored } from '../../src/stored.ts'
import { isUuid } from '../core/validation.ts'
import { isTimestamp } from '../cursor.ts'
import { readPage, showPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** The review queue: proposals of every space that the caller may enter. */
const routes: RoutePlugin = async (app) => {
  app.get(
    '',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'listReviews',
        tags: ['Review'],
        summary: 'List what waits for a person',
        description: 'Oldest first, of the spaces that the caller may enter, with the difference to what runs now.',
        params: OrganizationParams,
        querystring: ReviewQuery,
        response: { 200: ref(ReviewListResponse) },
      },
    },
    async ({ actor, organization, query }) => {
      const viewer = { userId: actor.userId, seesEverySpace: seesEverySpace(organization.permissions) }
      const { most, after } = readPage(query, [isTimestamp, isUuid])
      const position = after && { proposedAt: after[0], automationId: after[1] }
      const filter = {
        spaceId: query.space_id ?? null,
        kind: query.kind ?? null,
        authorId: query.author_id ?? null,
        automationId: query.automation_id ?? null,
      }
      const found = await reviews.list(app.db, organization.id, viewer, filter, { after: position, most })
      const { page, next_cursor } = showPage(found, (row) => [row.proposed_at.toISOString(), row.automation_id])
      await readAhead(
        app.actions,
        organization.id,
        page.map(({ config }) => config),
      )
      return { reviews: page.map(toReview), next_cursor }
    },
  )

  function toReview({ running, config, description, secret_versions, present_slots: slots, ...row }: reviews.Row) {
    const proposed = contentOf({ name: row.name, config, description, secret_versions })
    const note = proposed.config.proposal_note
    // One that can't be read must not hide the others; it can be opened by itself, and rejected.
    const read = readStored(() => ({
      problems: problemsOf(row.kind, proposed.config, slots),
      changes: diff(running && contentOf(running), proposed),
      warnings: [
        app.kinds.overWarning(row.kind, proposed.config, new Date()) ?? [],
        app.kinds.warnings(row.kind, proposed.config, app.actions),
      ].flat(),
    }))
    return {
      ...row,
      status: row.status as AutomationStatus,
      note: typeof note === 'string' ? note : description,
      ...('value' in read ? read.value : { problems: [], changes: [], warnings: [read.problem] }),
    }
  }

  /** What only a newer program knows, it looks at itself. */
  function problemsOf(kind: string, config: AutomationConfig, slots: readonly string[]): ErrorDetail[] {
    if (app.kinds.find(kind) === undefined) return []
    const secrets = new Set(slots.flatMap((slot) => nameOf(slot) ?? []))
    return app.kinds.problems(kind, config, { actions: app.actions, secrets })
  }
}

export default routes
