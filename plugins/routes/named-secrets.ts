import type { Kysely } from 'kysely'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import { ownerOf } from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import { NamedSecretChange, NamedSecretListResponse, NamedSecretResponse } from '../../schemas/automation-secrets.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { IfMatch } from '../../schemas/headers.ts'
import { AutomationParams, SecretParams } from '../../schemas/params.ts'
import type { Space } from '../../src/access/actor.ts'
import {
  listNamedSecrets,
  type NamedSecret,
  removeNamedSecret,
  setNamedSecret,
} from '../../src/automations/named-secrets.ts'
import { ApiError } from '../../src/errors.ts'
import { matching } from '../entity-tag.ts'
import type { RoutePlugin } from '../route-plugin.ts'

const TAG = 'Secrets'
const MAX_VALUE_BYTES = 16_384

/** Secrets that the requests of one automation may use by name: set by people, and never answered. */
const routes: RoutePlugin = async (app) => {
  const { db } = app

  app.get(
    '',
    {
      config: { permission: 'files.read' },
      schema: {
        operationId: 'listSecrets',
        tags: [TAG],
        summary: 'List the named secrets',
        description: 'Their names and versions, who set them and when; never their values.',
        params: AutomationParams,
        response: { 200: ref(NamedSecretListResponse), ...errors(404) },
      },
    },
    async ({ space, params }) => ({ secrets: await list(db, space, params.automationId) }),
  )

  app.put(
    '/:name',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'setSecret',
        tags: [TAG],
        summary: 'Set a named secret',
        description:
          'For `{{ secrets.name }}` in `url`, `headers` and `body` of an `http_request`, and nowhere else. Its version is part of ' +
          'the digest: where the content that is shown uses it, this makes a revision of it, which waits for another person ' +
          'where the policy wants one. A proposal that uses it has another digest from then on.',
        params: SecretParams,
        headers: IfMatch,
        body: ref(NamedSecretChange),
        response: { 200: ref(NamedSecretResponse), ...errors(404, 409, 412) },
      },
    },
    async ({ caller, space, params: { automationId: id, name }, headers, body }) => {
      if (Buffer.byteLength(body.value) > MAX_VALUE_BYTES) throw tooLarge()
      return db.transaction().execute(async (trx) => {
        const target = { space, id, name, seen: matching(headers['if-match']) }
        await setNamedSecret(trx, caller, target, body.value, app)
        const secret = (await list(trx, space, id)).findLast((each) => each.name === name)
        if (secret === undefined) throw new Error(`the secret ${name} was set and is not there`)
        return { secret }
      })
    },
  )

  app.delete(
    '/:name',
    {
      config: { permission: 'files.write', peopleOnly: true },
      schema: {
        operationId: 'deleteSecret',
        tags: [TAG],
        summary: 'Take a named secret away',
        description:
          'At once, also where the policy wants a second person. What uses it goes on, and its runs fail until it is set again.',
        params: SecretParams,
        headers: IfMatch,
        response: { 204: NoContent, ...errors(404, 409, 412) },
      },
    },
    async ({ caller, space, params: { automationId: id, name }, headers }, reply) => {
      const target = { space, id, name, seen: matching(headers['if-match']) }
      await db.transaction().execute((trx) => removeNamedSecret(trx, caller, target, app))
      return reply.code(204).send(null)
    },
  )

  async function list(at: Kysely<DB>, space: Space, id: string): Promise<NamedSecret[]> {
    const found = await automations.findShown(at, space, id)
    if (found === undefined) throw new ApiError('automation_not_found')
    const { revision, pending_revision } = found
    const numbers = pending_revision === null ? [revision] : [revision, pending_revision]
    const versions = await automationRevisions.findMany(at, space, id, numbers)
    const of = (number: number | null) => versions.find((each) => each.revision === number)?.secret_versions
    const owner = ownerOf(space, id)
    return listNamedSecrets(at, owner, { shown: of(revision) ?? {}, proposed: of(pending_revision) })
  }
}

function tooLarge(): ApiError {
  const message = `must not be longer than ${MAX_VALUE_BYTES} bytes`
  return new ApiError('invalid_request', { details: [{ path: '/value', message }] })
}

export default routes
