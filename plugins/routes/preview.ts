import { newId } from '../../db/new-id.ts'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import * as tunnelNames from '../../db/queries/tunnel-names.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { AutomationParams, SpaceParams } from '../../schemas/params.ts'
import { PreviewRequest, PreviewResponse } from '../../schemas/preview.ts'
import { contentOf } from '../../src/automations/content.ts'
import { preview, withFirstContact } from '../../src/automations/preview.ts'
import { presentNames } from '../../src/automations/versions.ts'
import { ApiError } from '../../src/errors.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const TAG = 'Review'

/** What automations would do, without any effect. */
const routes: RoutePlugin = async (app) => {
  const { db, actions, kinds, settings } = app
  const means = { actions, kinds, tunnelsUrl: settings.triggerUrls.tunnelsUrl }

  app.post(
    '/preview',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'previewConfig',
        tags: [TAG],
        summary: 'Preview a config',
        description:
          'What it would do, and what keeps it from running. Nothing is stored or sent; for people, a Mastodon server is asked how long a ' +
          'post may be.',
        params: SpaceParams,
        body: PreviewRequest,
        response: { 200: ref(PreviewResponse) },
      },
    },
    async ({ actor, space: { organizationId, id: spaceId }, body: { kind, config = {} } }, reply) => {
      const id = newId()
      const previewed = {
        organizationId,
        spaceId,
        actor,
        id,
        name: 'Preview',
        kind,
        config,
        lastRunAt: null,
        stored: null,
      }
      const shown = await preview(previewed, means, new Date())
      return reply.transact(async (trx) => ({
        preview: await withFirstContact(trx, organizationId, id, shown),
        digest: null,
      }))
    },
  )

  app.get(
    '/:automationId/preview',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'previewAutomation',
        tags: [TAG],
        summary: 'Preview an automation',
        description: 'Of what waits for a decision, where something does; else of what is shown.',
        params: AutomationParams,
        response: { 200: ref(PreviewResponse), ...errors(404) },
      },
    },
    async ({ actor, space, params: { automationId: id } }) => {
      const found = await automations.findShown(db, space, id)
      if (found === undefined) throw new ApiError('automation_not_found')
      const [revision] = await automationRevisions.findMany(db, space, id, [found.pending_revision ?? found.revision])
      if (revision === undefined) throw new ApiError('automation_not_found')
      const { name, config, secretVersions } = contentOf(revision)
      const lastRunAt = found.last_run_at?.toISOString() ?? null
      const owner = automationSecrets.ownerOf(space, id)
      const hasWebhookSecret = (await automationSecrets.list(db, owner, automationSecrets.INTAKE_SLOT)).length > 0
      const secrets = await presentNames(db, owner, secretVersions)
      const credentialSetAt = await automationSecrets.findSetAt(db, owner, secretVersions)
      const subdomain = await tunnelNames.find(db, owner)
      const stored = { hasWebhookSecret, secrets, credentialSetAt, subdomain }
      const { organizationId, id: spaceId } = space
      const previewed = { organizationId, spaceId, actor, id, name, kind: found.kind, config, lastRunAt, stored }
      const shown = await preview(previewed, means, new Date())
      return { preview: await withFirstContact(db, organizationId, id, shown), digest: revision.digest }
    },
  )
}

export default routes
