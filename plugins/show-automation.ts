import type { FastifyReply } from 'fastify'
import type { JsonText } from '../db/json.ts'
import type { Shown } from '../db/queries/shown-automations.ts'
import { ApiError } from '../src/errors.ts'
import { entityTag } from './entity-tag.ts'
import { writeObject } from './written.ts'

/** Answers one automation with its entity tag. @throws ApiError `automation_not_found` for undefined */
export function showAutomation(reply: FastifyReply, found: Shown | undefined): JsonText {
  if (found === undefined) throw new ApiError('automation_not_found')
  reply.header('etag', entityTag(found.version))
  return writeObject(reply, { automation: found.json })
}
