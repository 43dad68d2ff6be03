import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as spaces from '../../db/queries/spaces.ts'
import type { DB } from '../../db/types.ts'
import type { SpaceCreate } from '../../schemas/spaces.ts'
import * as audit from '../audit.ts'
import { ApiError } from '../errors.ts'
import type { Space } from './actor.ts'
import type { Caller } from './caller.ts'

/** Makes a space without an access list. */
export async function create(
  trx: Transaction<DB>,
  caller: Caller,
  organizationId: string,
  wanted: SpaceCreate,
): Promise<spaces.ShownSpace> {
  const { name, description = null } = wanted
  const row = { id: newId(), name: name.trim(), description, created_by: caller.actor.userId }
  const space = await spaces.insert(trx, organizationId, row)
  await record(trx, caller, { organizationId, id: space.id }, 'space.created', space.name)
  return space
}

/** Deletes a space with everything in it. @throws ApiError `space_not_found` where somebody else was faster. */
export async function remove(trx: Transaction<DB>, caller: Caller, space: Space): Promise<void> {
  const removed = await spaces.remove(trx, space)
  if (removed === undefined) throw new ApiError('space_not_found')
  await record(trx, caller, space, 'space.deleted', removed.name)
}

async function record(
  trx: Transaction<DB>,
  caller: Caller,
  { organizationId, id }: Space,
  action: string,
  name: string,
) {
  const deed = { action, target: { type: 'space', id }, spaceId: id, details: { name } }
  await audit.record(trx, organizationId, caller, deed)
}
