import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import { byName } from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { AutomationParams, RevisionParams } from '../../schemas/params.ts'
import {
  DiffQuery,
  DiffResponse,
  RevisionListResponse,
  RevisionQuery,
  RevisionResponse,
} from '../../schemas/revisions.ts'
import type { Space } from '../../src/access/actor.ts'
import { contentOf } from '../../src/automations/content.ts'
import { diff } from '../../src/automations/revisions.ts'
import { ApiError } from '../../src/errors.ts'
import { readPage, showPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const TAG = 'Review'

/** What one automation said at each time, by which people decide. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'listRevisions',
        tags: [TAG],
        summary: 'List revisions',
        params: AutomationParams,
        description: 'Newest first. With `digest`, only those that have it.',
        querystring: RevisionQuery,
        response: { 200: ref(RevisionListResponse), ...errors(404) },
      },
    },
    async ({ space, params, query }) => {
      const kind = await kindOf(space, params.automationId)
      const { most, after } = readPage(query, [isRevisionNumber])
      const wanted = { before: after && Number(after[0]), digest: query.digest ?? null, most }
      const found = await automationRevisions.list(db, space, params.automationId, wanted)
      const { page, next_cursor } = showPage(found, ({ revision }) => [String(revision)])
      return { revisions: page.map((row) => toRevision(row, kind)), next_cursor }
    },
  )

  app.get(
    '/:revision',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'getRevision',
        tags: [TAG],
        summary: 'Get a revision',
        params: RevisionParams,
        response: { 200: ref(RevisionResponse), ...errors(404) },
      },
    },
    async ({ space, params }) => {
      const kind = await kindOf(space, params.automationId)
      const row = await automationRevisions.findDecided(db, space, params.automationId, params.revision)
      if (row === undefined) throw new ApiError('revision_not_found')
      return { revision: toRevision(row, kind) }
    },
  )

  app.get(
    '/:revision/diff',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'diffRevisions',
        tags: [TAG],
        summary: 'Compare two revisions',
        params: RevisionParams,
        querystring: DiffQuery,
        response: { 200: ref(DiffResponse), ...errors(404) },
      },
    },
    async ({ space, params: { automationId, revision }, query }) => {
      await kindOf(space, automationId)
      const after = await findRevision(space, automationId, revision)
      const against = query.against ?? (revision > 1 ? revision - 1 : null)
      const before = against === null ? null : await findRevision(space, automationId, against)
      return { diff: { revision, against, changes: diff(before && contentOf(before), contentOf(after)) } }
    },
  )

  async function kindOf(space: Space, automationId: string): Promise<string> {
    const kind = await automations.findKind(db, space, automationId)
    if (kind === undefined) throw new ApiError('automation_not_found')
    return kind
  }

  async function findRevision(space: Space, automationId: string, number: number) {
    const [row] = await automationRevisions.findMany(db, space, automationId, [number])
    if (row === undefined) throw new ApiError('revision_not_found')
    return row
  }
}

function toRevision({ based_on: _, decision, ...row }: automationRevisions.Decided, kind: string) {
  const { config, secretVersions } = contentOf(row)
  const secret_versions = byName(secretVersions)
  return {
    ...row,
    kind,
    config,
    credential_version: secretVersions.oauth ?? null,
    secret_versions,
    decision: decision && { ...decision, at: new Date(decision.at) },
  }
}

function isRevisionNumber(text: string): boolean {
  return /^[1-9]\d{0,8}$/.test(text)
}

export default routes
