import type { Kysely, Transaction } from 'kysely'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import type { DB } from '../../db/types.ts'
import type { Caller } from '../access/caller.ts'
import { type SecretValues, seal } from '../secrets/sealed.ts'
import type { Content } from './content.ts'
import { type Contents, versionsIn } from './current.ts'
import type { Means } from './means.ts'

/** Which version of each secret a content uses, by slot. */
export type Versions = Content['secretVersions']

/** What a change makes of secrets, by slot: their new versions, and null for those that it takes away. */
export type VersionChange = Readonly<Record<string, number | null>>

const { byName, OAUTH_SLOT, slotOf } = automationSecrets

/** Stores new values of secrets beside those that are in use. @param values null takes one away. */
export async function storeValues(
  trx: Transaction<DB>,
  { actor }: Caller,
  owner: automationSecrets.Owner,
  values: SecretValues | Readonly<Record<string, string | null>>,
  { cipher }: Pick<Means, 'cipher'>,
): Promise<VersionChange> {
  const change: Record<string, number | null> = {}
  for (const [slot, value] of Object.entries(values)) {
    const secret = value === null ? null : { ...seal(cipher, value), userId: actor.userId }
    change[slot] = secret && (await automationSecrets.insert(trx, owner, slot, secret))
  }
  return change
}

/** What a content was made from: the secrets that it named, and their versions. */
export type Base = { names: readonly string[]; versions: Versions }

/**
 * The versions that a content uses: of the credential, and of the secrets that its config names. What the change does not
 * touch stays as it runs, or as it was; what is named for the first time has its newest value.
 *
 * @param running the versions of what runs, or would.
 */
export async function versionsFor(
  trx: Transaction<DB>,
  owner: automationSecrets.Owner,
  names: readonly string[],
  change: VersionChange,
  running: Versions,
  base: Base,
): Promise<Versions> {
  const named = names.map(slotOf)
  const known = new Set(base.names.map(slotOf))
  const isFirst = (slot: string) => change[slot] === undefined && running[slot] === undefined && !known.has(slot)
  const newest = named.some(isFirst) ? newestOf(await automationSecrets.listVersions(trx, owner)) : {}
  const before: Record<string, number | undefined> = { [OAUTH_SLOT]: running[OAUTH_SLOT] }
  for (const slot of named) before[slot] = running[slot] ?? (isFirst(slot) ? newest : base.versions)[slot]
  const versions: Record<string, number> = {}
  for (const [slot, version] of Object.entries({ ...before, ...change }))
    if (version !== undefined && version !== null && slot in before) versions[slot] = version
  return versions
}

/** The names of the secrets that a content uses and that have their value still. */
export async function presentNames(
  db: Kysely<DB>,
  owner: automationSecrets.Owner,
  versions: Versions,
): Promise<ReadonlySet<string>> {
  const names = Object.keys(byName(versions))
  if (names.length === 0) return new Set()
  const stored = await automationSecrets.listVersions(db, owner)
  const isThere = (name: string) =>
    stored.some(({ slot, version }) => slot === slotOf(name) && version === versions[slot])
  return new Set(names.filter(isThere))
}

/** The newest version of each slot; they come in order. */
function newestOf(versions: readonly automationSecrets.Version[]): Record<string, number> {
  return Object.fromEntries(versions.map(({ slot, version }) => [slot, version]))
}

/** {@link destroyUnused} after a change of content; most often neither what was nor what is uses any secret, and there is nothing to look for. */
export async function destroyReplaced(
  trx: Transaction<DB>,
  owner: automationSecrets.Owner,
  before: Contents,
  after: Contents,
): Promise<void> {
  const used = [...versionsIn(before), ...versionsIn(after), before.approved?.content.secretVersions ?? {}]
  if (used.some((each) => Object.keys(each).length > 0)) await destroyUnused(trx, owner, after)
}

/**
 * Destroys the values that nothing needs any more: what was replaced, and what was proposed and turned down. Of a named secret
 * that nobody uses yet, the newest stays.
 */
export async function destroyUnused(
  trx: Transaction<DB>,
  owner: automationSecrets.Owner,
  contents: Contents,
): Promise<void> {
  const used = versionsIn(contents)
  const held = contents.approved?.content.secretVersions ?? {}
  const versions = await automationSecrets.listVersions(trx, owner)
  const newest = newestOf(versions)
  const unused = versions.filter(({ slot, version }) => {
    if (held[slot] === version) return false
    const isNamed = used.some((each) => each[slot] !== undefined)
    if (isNamed || slot === OAUTH_SLOT) return !used.some((each) => each[slot] === version)
    return newest[slot] !== version
  })
  if (unused.length > 0) await automationSecrets.destroy(trx, owner, unused)
}
