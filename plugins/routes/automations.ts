import type { FastifyRequest } from 'fastify'
import { jsonText } from '../../db/json.ts'
import * as automationPolicies from '../../db/queries/automation-policies.ts'
import * as listedAutomations from '../../db/queries/listed-automations.ts'
import * as shownAutomations from '../../db/queries/shown-automations.ts'
import {
  AutomationCreate,
  AutomationListResponse,
  AutomationQuery,
  AutomationResponse,
  AutomationUpdate,
} from '../../schemas/automations.ts'
import { NoContent, ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { IfMatch } from '../../schemas/headers.ts'
import { AutomationParams, SpaceParams } from '../../schemas/params.ts'
import { create } from '../../src/automations/create.ts'
import { edit } from '../../src/automations/edit.ts'
import { changeKnown } from '../../src/automations/looked.ts'
import { readAhead } from '../../src/automations/read-ahead.ts'
import { remove } from '../../src/automations/remove.ts'
import { refuseGone } from '../../src/conflict.ts'
import { isUuid } from '../core/validation.ts'
import { encodeCursor, isTimestamp } from '../cursor.ts'
import { READING, WRITING } from '../doors.ts'
import { matching } from '../entity-tag.ts'
import { changeAndShow, changesLooked } from '../looked-along.ts'
import { readFirstPage, readPage } from '../page.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { showAutomation } from '../show-automation.ts'
import { writeObject, written } from '../written.ts'

/** Automations of a space: stored definitions. */
const routes: RoutePlugin = async (app) => {
  const { db, settings } = app
  const { triggerUrls } = settings

  app.get(
    '',
    {
      config: {
        permission: READING.permission,
        reads: ({ query }, question) => {
          const most = readFirstPage(query)
          if (most === undefined) return undefined
          return listedAutomations.listWithAccess(db, question, READING, { most, after: null }, triggerUrls)
        },
      },
      schema: {
        operationId: 'listAutomations',
        tags: ['Automations'],
        summary: 'List automations',
        description:
          'Newest `updated_at` first. Without `limit`, all of the space; with it, also `next_cursor`. What is much comes in parts, as ' +
          'fast as it is read.',
        params: SpaceParams,
        querystring: AutomationQuery,
        response: { 200: written(AutomationListResponse) },
      },
    },
    async (request, reply) => {
      const { space, query } = request
      const { status = null, kind = null, author_id: authorId = null, digest = null } = query
      const filter = { status, kind, authorId, digest }
      const { most, after } = readPage(query, [isTimestamp, isUuid])
      const position = after && { updatedAt: after[0], id: after[1] }
      const isPage = query.limit !== undefined || position !== null
      const page = { most: isPage ? most : null, after: position }
      const row = request.readAlong<listedAutomations.ListRow>()
      const listed = row
        ? listedAutomations.toListed(row)
        : await listedAutomations.list(db, space, filter, page, triggerUrls)
      const cursor = listed.last && encodeCursor([listed.last.updatedAt, listed.last.id])
      const others = isPage ? { next_cursor: jsonText(JSON.stringify(cursor)) } : {}
      if ('json' in listed) return writeObject(reply, { automations: jsonText(`[${listed.json}]`), ...others })
      const parts = listedAutomations.listParts(db, space, listed.ids, triggerUrls)
      return reply.sendParts('automations', parts, others)
    },
  )

  app.post(
    '',
    {
      config: {
        permission: WRITING.permission,
        reads: (_, question) => automationPolicies.findWithAccess(db, question, WRITING, {}),
      },
      schema: {
        operationId: 'createAutomation',
        tags: ['Automations'],
        summary: 'Create an automation',
        description:
          'What a service account creates is always `pending_approval`, whatever `status` it names: a person must approve it.',
        params: SpaceParams,
        body: AutomationCreate,
        response: { 201: written(AutomationResponse), ...errors(409) },
      },
      preValidation: ignoreStatusOfStaff,
    },
    async (request, reply) => {
      const { caller, space, body } = request
      const row = request.readAlong<automationPolicies.PolicyRow>()
      const policy = row && automationPolicies.toKnownPolicy(row)
      await readAhead(app.actions, space.organizationId, [body.config])
      const created = changeKnown(policy, (known) =>
        reply.code(201).transactAndShow(async (trx) => {
          const id = await create(trx, caller, space, body, known, app)
          return async () => showAutomation(reply, await shownAutomations.find(trx, space, id, triggerUrls))
        }),
      )
      return refuseGone(created, 'automations_organization_id_space_id_fkey', 'space_not_found')
    },
  )

  app.get(
    '/:automationId',
    {
      config: {
        permission: READING.permission,
        reads: ({ params }, question) => {
          const { automationId: id } = params as Record<string, string>
          return isUuid(id) ? shownAutomations.findWithAccess(db, question, READING, { id, ...triggerUrls }) : undefined
        },
      },
      schema: {
        operationId: 'getAutomation',
        tags: ['Automations'],
        summary: 'Get an automation',
        params: AutomationParams,
        response: { 200: written(AutomationResponse), ...errors(404) },
      },
    },
    async (request, reply) => {
      const { space, params } = request
      const row = request.readAlong<shownAutomations.One>()
      const found = row
        ? shownAutomations.toShown(row)
        : await shownAutomations.find(db, space, params.automationId, triggerUrls)
      return showAutomation(reply, found)
    },
  )

  app.patch(
    '/:automationId',
    {
      config: changesLooked(db),
      schema: {
        operationId: 'updateAutomation',
        tags: ['Automations'],
        summary: 'Update an automation',
        description:
          'What is left out stays as it is. With `If-Match`, only what the caller has read is changed. What somebody else wrote ' +
          'becomes active by the rules of `approve`; `If-Match` says what was seen.',
        params: AutomationParams,
        headers: IfMatch,
        body: ref(AutomationUpdate),
        response: { 200: written(AutomationResponse), ...errors(404, 409, 412, 428) },
      },
    },
    async (request, reply) => {
      const { caller, space, body } = request
      await readAhead(app.actions, space.organizationId, [body.config])
      return changeAndShow(request, reply, triggerUrls, (trx, target) => edit(trx, caller, target, body, app))
    },
  )

  app.delete(
    '/:automationId',
    {
      config: { permission: 'files.write' },
      schema: {
        operationId: 'deleteAutomation',
        tags: ['Automations'],
        summary: 'Delete an automation',
        description:
          'For good. A service account can delete its own proposals, which nobody has ever let run and no person has changed ' +
          'or given a secret.',
        params: AutomationParams,
        headers: IfMatch,
        response: { 204: NoContent, ...errors(404, 412) },
      },
    },
    async ({ caller, space, params, headers }, reply) => {
      const target = { space, id: params.automationId, seen: matching(headers['if-match']) }
      await db.transaction().execute((trx) => remove(trx, caller, target, app))
      return reply.code(204).send(null)
    },
  )
}

/** What AI staff creates waits for a person: the status that it names is not even read. */
async function ignoreStatusOfStaff(request: FastifyRequest): Promise<void> {
  const { actor, body } = request
  if (actor.type === 'user' || typeof body !== 'object' || body === null || Array.isArray(body)) return
  const { status: _, ...rest } = body as Record<string, unknown>
  request.body = rest
}

export default routes
