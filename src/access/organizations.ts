import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Transaction } from 'kysely'
import { newId } from '../../db/new-id.ts'
import * as memberRoles from '../../db/queries/member-roles.ts'
import * as members from '../../db/queries/members.ts'
import * as organizations from '../../db/queries/organizations.ts'
import * as roles from '../../db/queries/roles.ts'
import type { DB } from '../../db/types.ts'
import type { Organization } from '../../schemas/organizations.ts'
import * as audit from '../audit.ts'
import { ApiError } from '../errors.ts'
import type { Caller } from './caller.ts'
import { PERMISSIONS } from './permissions.ts'

const MAX_SLUG_LENGTH = 60

/** What an organization is made of. */
export type Founding = { name: string; intended_public_url?: string | undefined }

/** Makes an organization with its system role `Owner`, which holds every permission, and gives that to its founder. */
export async function found(
  trx: Transaction<DB>,
  founder: Caller,
  { name, intended_public_url: url }: Founding,
): Promise<organizations.Organization> {
  const { userId } = founder.actor
  const organization = await insertUnderFreeSlug(trx, { name: name.trim(), intended_public_url: url || null })
  const owner = { id: newId(), name: 'Owner', permissions: [...PERMISSIONS], is_system: true }
  await roles.insert(trx, organization.id, owner)
  await members.insert(trx, organization.id, userId)
  await memberRoles.insert(trx, organization.id, userId, [owner.id])
  const record = (action: string, target: audit.Deed['target'], details: Record<string, unknown>) =>
    audit.record(trx, organization.id, founder, { action, target, details })
  const { id, slug, intended_public_url } = organization
  await record(
    'organization.created',
    { type: 'organization', id },
    { name: organization.name, slug, intended_public_url },
  )
  await record('member.joined', { type: 'member', id: userId }, { by: 'founding', role_ids: [owner.id] })
  return organization
}

/**
 * Like {@link found}, where the database takes one organization.
 *
 * @throws ApiError `single_org_exists`
 */
export async function foundOnly(
  trx: Transaction<DB>,
  founder: Caller,
  founding: Founding,
): Promise<organizations.Organization> {
  if (await findOnly(trx)) throw new ApiError('single_org_exists')
  return found(trx, founder, founding)
}

/**
 * Turns switches of an organization; one that is left out stays as it is.
 *
 * @returns all of them. @throws ApiError `not_a_member` where the organization has gone since its caller was let in.
 */
export async function changeFeatures(
  trx: Transaction<DB>,
  caller: Caller,
  id: string,
  wanted: { [name in keyof organizations.Features]?: boolean },
): Promise<organizations.Features> {
  const organization = await organizations.lock(trx, id)
  if (organization === undefined) throw new ApiError('not_a_member')
  const before = featuresOf(organization)
  const after = { ...before, ...wanted }
  if (isDeepStrictEqual(before, after)) return after
  await organizations.updateFeatures(trx, id, after)
  const target = { type: 'organization', id }
  await audit.record(trx, id, caller, { action: 'organization.features_changed', target, details: { before, after } })
  return after
}

/** An organization as the API shows it. */
export function toShown(organization: organizations.Organization): Organization {
  return { ...organization, public_origin_override: null }
}

/** The switches of an organization. */
export function featuresOf({
  open_signups_enabled,
  datasets_enabled,
}: organizations.Organization): organizations.Features {
  return { open_signups_enabled, datasets_enabled }
}

/**
 * Changes what an organization says of itself; what is left out stays as it is.
 *
 * @throws ApiError `not_a_member` where the organization has gone since its caller was let in.
 */
export async function update(
  trx: Transaction<DB>,
  caller: Caller,
  id: string,
  { intended_public_url: after }: { intended_public_url?: string | null | undefined },
): Promise<organizations.Organization> {
  const organization = await organizations.lock(trx, id)
  if (organization === undefined) throw new ApiError('not_a_member')
  const { intended_public_url: before } = organization
  if (after === undefined || after === before) return organization
  await organizations.updatePublicUrl(trx, id, after)
  const details = { before: { intended_public_url: before }, after: { intended_public_url: after } }
  await audit.record(trx, id, caller, { action: 'organization.updated', target: { type: 'organization', id }, details })
  return { ...organization, intended_public_url: after }
}

/**
 * The one organization of the database. Where there is none yet, none appears before this transaction ends, unless it
 * makes one: of two that would be first, the other finds it here.
 */
export async function findOnly(trx: Transaction<DB>): Promise<organizations.Organization | undefined> {
  const existing = await organizations.findFirst(trx)
  if (existing) return existing
  await organizations.lockOnly(trx)
  return organizations.findFirst(trx)
}

async function insertUnderFreeSlug(
  trx: Transaction<DB>,
  row: { name: string; intended_public_url: string | null },
): Promise<organizations.Organization> {
  const base = slugOf(row.name)
  for (let slug = base; ; slug = `${base}-${randomBytes(4).toString('hex')}`) {
    const organization = await organizations.insert(trx, { ...row, id: newId(), slug })
    if (organization) return organization
  }
}

/** Latin letters lose their accents; a name without any Latin letter or digit gets a slug that says what it is. */
function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG_LENGTH)
    .replace(/^-|-$/g, '')
  return slug || 'organization'
}
