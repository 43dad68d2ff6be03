import type { Database } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'
import { gather } from '../../db/gather.ts'
import * as tunnels from '../../db/queries/tunnels.ts'
import type { Config, Opening } from '../kinds/kind.ts'
import type { Kinds } from '../kinds/registry.ts'
import { readStored } from '../stored.ts'

/** A tunnel as it is known here. */
export type Tunnel = {
  id: string
  organizationId: string
  /** The first label of its host. */
  name: string
  /** What is open to visitors; undefined while nothing is. */
  opening: Opening | undefined
  /** Of the token that its agents have; null before there is one. */
  tokenId: string | null
  /** SHA-256 of the token of its visitors; undefined before there is one. */
  accessTokenHash: Buffer | undefined
  /** Sessions that other processes hold. */
  elsewhere: readonly tunnels.Elsewhere[]
}

const MAX_REMEMBERED = 10_000
const MAX_AT_ONCE = 500
/** For how long a name that nobody has is not looked for again: whoever makes up names asks the database so often at the most. */
const UNKNOWN_FOR_MS = 1000

export type Directory = {
  /** The tunnel with a name, as it was last known: whoever changes one tells of it. */
  find(name: string): Promise<Tunnel | undefined>
  /** Reads a tunnel anew; calls at the same time share a statement. */
  read(id: string): Promise<Tunnel | undefined>
  /** Says that a tunnel has changed. */
  forget(id: string): void
  /** Says that any may have. */
  forgetAll(): void
}

/** Makes what finds tunnels. @param options.serverId whose own sessions are left out. */
export function createDirectory(options: { db: Database; kinds: Kinds; serverId: string }): Directory {
  const { db, kinds, serverId } = options
  const byName = new Map<string, Tunnel>()
  const names = new Map<string, string>()
  const unknown = new Map<string, number>()
  /** What changed while it was read, of each read that is under way. */
  const reads = new Set<{ changed: Set<string>; isAllChanged: boolean }>()

  async function load(wanted: { ids?: readonly string[]; subdomains?: readonly string[] }): Promise<Tunnel[]> {
    const read = { changed: new Set<string>(), isAllChanged: false }
    reads.add(read)
    try {
      const rows = await tunnels.list(db, { ...wanted, serverId })
      const found = rows.map((row) => toTunnel(row, kinds))
      for (const id of wanted.ids ?? []) drop(id)
      for (const tunnel of found) if (!read.isAllChanged && !read.changed.has(tunnel.id)) keep(tunnel)
      return found
    } finally {
      reads.delete(read)
    }
  }
  function keep(tunnel: Tunnel): void {
    if (byName.size >= MAX_REMEMBERED) forgetAll()
    drop(tunnel.id)
    byName.set(tunnel.name, tunnel)
    names.set(tunnel.id, tunnel.name)
    unknown.delete(tunnel.name)
  }
  function drop(id: string): void {
    const name = names.get(id)
    names.delete(id)
    if (name !== undefined && byName.get(name)?.id === id) byName.delete(name)
  }
  function forgetAll(): void {
    for (const read of reads) read.isAllChanged = true
    for (const map of [byName, names, unknown]) map.clear()
  }
  const together = { most: MAX_AT_ONCE, isFinal: isUnavailable }
  const loadNamed = gather(async (subdomains: readonly string[]) => {
    const found = new Map((await load({ subdomains })).map((tunnel) => [tunnel.name, tunnel]))
    if (unknown.size > MAX_REMEMBERED) unknown.clear()
    for (const name of subdomains) if (!found.has(name)) unknown.set(name, Date.now() + UNKNOWN_FOR_MS)
    return subdomains.map((name) => found.get(name))
  }, together)
  const read = gather(async (ids: readonly string[]) => {
    const found = new Map((await load({ ids })).map((tunnel) => [tunnel.id, tunnel]))
    return ids.map((id) => found.get(id))
  }, together)
  return {
    async find(name) {
      const known = byName.get(name)
      if (known !== undefined || (unknown.get(name) ?? 0) > Date.now()) return known
      return loadNamed(name)
    },
    read,
    forget(id) {
      for (const read of reads) read.changed.add(id)
      drop(id)
      // It may be one that was looked for in vain before.
      unknown.clear()
    },
    forgetAll,
  }
}

function toTunnel(row: tunnels.TunnelState, kinds: Kinds): Tunnel {
  const config = row.config as Config
  const read = readStored(() => (row.is_open ? kinds.find(row.kind)?.sessions?.opening(config) : undefined))
  const opening = 'value' in read ? read.value : undefined
  return {
    id: row.automation_id,
    organizationId: row.organization_id,
    name: row.subdomain,
    opening,
    tokenId: row.token_id,
    accessTokenHash: row.access_token_hash === null ? undefined : Buffer.from(row.access_token_hash, 'hex'),
    elsewhere: row.elsewhere,
  }
}
