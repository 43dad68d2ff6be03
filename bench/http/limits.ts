import { setTimeout as wait } from 'node:timers/promises'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import * as access from '../../db/queries/access.ts'
import { list, NO_FILTER } from '../../db/queries/listed-automations.ts'
import type { Loading } from '../support/load.ts'
import type { Workspace } from '../support/workspace.ts'

/** Statements that one list needs, its access check included, with nothing around them. Per second, in lists. */
export async function listLimit(db: Database, workspace: Workspace, workers: number, loading: Loading) {
  const { organizationId, userId, sessionId, spaceIds } = workspace
  return repeat(workers, loading, async (i) => {
    const id = spaceIds[i % spaceIds.length] ?? ''
    await access.find(db, { userId, sessionId }, organizationId, id)
    await list(db, { organizationId, id }, NO_FILTER, { most: null, after: null }, { hooksUrl: '', tunnelsUrl: '' })
  })
}

/** Inserts of one small row, each its own commit, over the same connections. */
export async function insertLimit(db: Database, workspace: Workspace, workers: number, loading: Loading) {
  const { organizationId, spaceIds } = workspace
  return repeat(workers, loading, async (i) => {
    const space_id = spaceIds[i % spaceIds.length] ?? ''
    await db
      .insertInto('chat_rooms')
      .values({ id: newId(), organization_id: organizationId, space_id, name: `room ${newId()}` })
      .execute()
  })
}

/** Runs `work` on so many workers side by side, after a quarter of the time as warm-up. */
async function repeat(workers: number, { clock, seconds }: Loading, work: (i: number) => Promise<void>) {
  let next = Math.floor(Math.random() * 1e6)
  let done = 0
  let stopped = false
  const worker = async () => {
    while (!stopped) {
      await work(next++)
      done++
    }
  }
  const running = Array.from({ length: workers }, worker)
  await wait(seconds * 250)
  const [before, cpu, started] = [done, await clock(), performance.now()]
  await wait(seconds * 1000)
  const perSecond = ((done - before) / (performance.now() - started)) * 1000
  const cpuMicroseconds = (((await clock()) - cpu) / (done - before)) * 1e6
  stopped = true
  await Promise.all(running)
  return { perSecond, cpuMicroseconds }
}
