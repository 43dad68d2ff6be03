import type { Database } from '../../db/client.ts'
import { insertLimit } from '../http/limits.ts'
import { MESSAGE } from '../runs/support.ts'
import { type LoadFigure, load } from '../support/load.ts'
import { measureInRounds } from '../support/rounds.ts'
import type { Effort } from '../support/suite.ts'
import { at, type Made, makeAutomations, type Workspace } from '../support/workspace.ts'
import { type Busy, compare, loadingOf, post, vacuum, withProgram, withSpaces } from './program.ts'
import { type Aim, cpuMs, mediansOf, of, type Part, rateOf, ratio, show } from './report.ts'

const FEW = 8
const MANY = 32
/** As many as take all that is created within a measurement. */
const SPACES = 4
/** So many that two connections never ask for the same one at a time. */
const CHANGED = 400
const PROPOSALS = 1000
const CONFIG = { cron: '0 0 1 1 *', ...MESSAGE }
const NEW = JSON.stringify({ name: 'Weekly digest', kind: 'scheduled', config: CONFIG })

type Subject = { name: string; measure: () => Promise<LoadFigure> }

const CHANGE = `change of a status, ${FEW} connections`
const nameOfCreate = (connections: number) => `create, ${connections} connections`
const nameOfLimit = (workers: number) => `limit: one-row inserts alone, ${workers} workers`

/** create, the change of a status, and approve: what ends with a commit and an entry in the audit log. */
export async function measureWriting(effort: Effort): Promise<Part> {
  return withProgram(async (busy) => {
    const idle = await busy.memory()
    const all = [
      ...[FEW, MANY].flatMap((connections) => creating(busy, effort, connections)),
      await changing(busy, effort),
      await approving(busy, effort),
    ]
    await vacuum(busy)
    const medians = mediansOf(await measureInRounds('busy', effort.rounds, all, show, () => vacuum(busy)))
    return { name: 'writing', medians, aims: aimsOfWriting(medians), idle, after: await busy.memory() }
  })
}

function aimsOfWriting(medians: Map<string, LoadFigure>): Aim[] {
  const create = of(medians, nameOfCreate(FEW))
  const ratios = [FEW, MANY].map((connections) => ({
    what: `create / one-row inserts alone, at ${connections}`,
    value: ratio(medians, nameOfCreate(connections), nameOfLimit(connections)),
    least: 0.2,
  }))
  return [
    { what: `creates a second, at ${FEW}`, value: create.perSecond, least: 1000 },
    { what: `ms of processor for a create, at ${FEW}`, value: cpuMs(create), most: 1.5 },
    ...ratios,
    { what: 'ms of processor for a change of a status', value: cpuMs(of(medians, CHANGE)), most: 1.3 },
  ]
}

function creating(busy: Busy, effort: Effort, connections: number): Subject[] {
  const { db } = busy.database
  const loading = loadingOf(busy, effort, connections)
  // Each time in spaces of their own: a full one takes no more.
  const create = async () => {
    const workspace = await withSpaces(busy, SPACES)
    const { organizationId, spaceIds } = workspace
    let i = 0
    const path = () => automationsOf({ organizationId, spaceIds: [at(spaceIds, i++ % SPACES)] })
    const headers = await busy.headers()
    const figure = await load(busy.server.base, loading, { method: 'POST', headers, path, body: NEW })
    compare('create', figure, await count(db, workspace), connections)
    return figure
  }
  const limit = async () => rateOf(await insertLimit(db, await withSpaces(busy, 1), connections, loading))
  return [
    { name: nameOfCreate(connections), measure: create },
    { name: nameOfLimit(connections), measure: limit },
  ]
}

/** Pauses some automations one after another, and then lets them run again. */
async function changing(busy: Busy, effort: Effort): Promise<Subject> {
  const { db } = busy.database
  const workspace = await withSpaces(busy, 1)
  const automations = await makeAutomations(db, [workspace], CHANGED, CONFIG, null)
  const loading = loadingOf(busy, effort, FEW)
  let i = 0
  const next = () => {
    const status = Math.floor(i / CHANGED) % 2 === 0 ? 'paused' : 'active'
    return { path: pathOf(at(automations, i++)), body: JSON.stringify({ status }) }
  }
  const measure = async () => {
    const before = await versions(db, workspace)
    const headers = await busy.headers()
    const figure = await load(busy.server.base, loading, { method: 'PATCH', headers, next })
    compare('change', figure, (await versions(db, workspace)) - before, FEW)
    return figure
  }
  return { name: CHANGE, measure }
}

/** Approves what AI staff proposed just before. */
async function approving(busy: Busy, effort: Effort): Promise<Subject> {
  const { db } = busy.database
  const workspace = await withSpaces(busy, 1)
  const staff = await makeStaff(busy)
  const proposals = effort.quick ? 100 : PROPOSALS
  const loading = { ...loadingOf(busy, effort, FEW), requests: proposals }
  const base = busy.server.base
  const measure = async () => {
    await load(base, loading, { method: 'POST', headers: staff, path: () => automationsOf(workspace), body: NEW })
    const waiting = await listIn(db, workspace, 'pending_approval')
    if (waiting.length !== proposals) throw new Error(`${waiting.length} proposals wait, and not ${proposals}`)
    let i = 0
    const path = () => `${pathOf(at(waiting, i++))}/approve`
    const figure = await load(base, loading, { method: 'POST', headers: await busy.headers(), path, body: '{}' })
    const left = await listIn(db, workspace, 'pending_approval')
    if (left.length > 0) throw new Error(`${left.length} proposals were not approved`)
    return figure
  }
  return { name: `approve, ${FEW} connections`, measure }
}

/** AI staff that may propose as much as it likes. @returns the headers that it asks with. */
async function makeStaff({ database: { db }, server, workspace, headers }: Busy): Promise<Record<string, string>> {
  const organization_id = workspace.organizationId
  const policy = { organization_id, max_pending_per_service_account: 10_000 }
  await db.insertInto('automation_policies').values(policy).execute()
  const role = await db.selectFrom('roles').select('id').where('name', '=', 'Owner').executeTakeFirstOrThrow()
  const url = `${server.base}/api/v1/organizations/${organization_id}/service-accounts`
  const { token } = await post(url, await headers(), { name: 'Staff', role_ids: [role.id] })
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
}

function automationsOf({
  organizationId,
  spaceIds: [spaceId],
}: Pick<Workspace, 'organizationId' | 'spaceIds'>): string {
  return `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
}

function pathOf({ organizationId, spaceId, id }: Pick<Made, 'organizationId' | 'spaceId' | 'id'>): string {
  return `${automationsOf({ organizationId, spaceIds: [spaceId] })}/${id}`
}

async function count(db: Database, { spaceIds }: Workspace): Promise<number> {
  const found = db.selectFrom('automations').where('space_id', 'in', spaceIds)
  const { n } = await found.select((eb) => eb.fn.countAll<string>().as('n')).executeTakeFirstOrThrow()
  return Number(n)
}

/** How often the automations of a space were changed, all together. */
async function versions(db: Database, { spaceIds }: Workspace): Promise<number> {
  const found = db.selectFrom('automations').where('space_id', 'in', spaceIds)
  const { n } = await found.select((eb) => eb.fn.sum<string>('version').as('n')).executeTakeFirstOrThrow()
  return Number(n)
}

async function listIn(db: Database, { organizationId, spaceIds }: Workspace, status: string) {
  const found = db.selectFrom('automations').where('space_id', 'in', spaceIds).where('status', '=', status)
  const rows = await found.select(['id', 'space_id as spaceId']).orderBy('id').execute()
  return rows.map((row) => ({ organizationId, ...row }))
}
