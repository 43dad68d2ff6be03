import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import { ownerOf } from '../../db/queries/automation-secrets.ts'
import * as tunnelNames from '../../db/queries/tunnel-names.ts'
import * as tunnels from '../../db/queries/tunnels.ts'
import type { DB } from '../../db/types.ts'
import type { Space } from '../access/actor.ts'
import type { Caller } from '../access/caller.ts'
import { hashToken, newToken } from '../access/tokens.ts'
import { ApiError } from '../errors.ts'
import { lock, record } from './current.ts'

/**
 * Makes the token by which the agents of a tunnel are known; the one before ends, and its agents are cut off. No part of what is
 * approved: what is open stays what a person let run.
 *
 * @throws ApiError `automation_not_found`, `not_a_tunnel`
 */
export async function makeTunnelToken(
  trx: Transaction<DB>,
  caller: Caller,
  space: Space,
  id: string,
): Promise<{ token: string }> {
  await lock(trx, space, id)
  const token = newToken('tun_')
  const tokenId = newId()
  const isSet = await tunnels.setToken(trx, ownerOf(space, id), { id: tokenId, hash: hashToken(token) })
  if (!isSet) throw new ApiError('not_a_tunnel')
  await record(trx, caller, space, id, 'automation.tunnel_token_set', { token_id: tokenId })
  return { token }
}

/**
 * Makes the token by which its visitors are known, where they need one, in the same way.
 *
 * @returns the token, and the name by which the tunnel is reached.
 * @throws ApiError `automation_not_found`, `not_a_tunnel`
 */
export async function makeAccessToken(
  trx: Transaction<DB>,
  caller: Caller,
  space: Space,
  id: string,
): Promise<{ token: string; subdomain: string }> {
  await lock(trx, space, id)
  const owner = ownerOf(space, id)
  const token = newToken('vis_')
  const isSet = await tunnels.setAccessToken(trx, owner, hashToken(token))
  const subdomain = await tunnelNames.find(trx, owner)
  if (!isSet || subdomain === undefined) throw new ApiError('not_a_tunnel')
  await record(trx, caller, space, id, 'automation.tunnel_access_token_set', {})
  return { token, subdomain }
}
