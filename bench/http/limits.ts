import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import * as access from '../../db/queries/access.ts'
import * as shownAutomations from '../../db/queries/shown-automations.ts'
import type { Workspace } from '../support/workspace.ts'

/** Statements that one list needs, its access check included, with nothing around them. Per second, in lists. */
export async function listLimit(db: Database, workspace: Workspace, workers: number, seconds: number) {
  const { organizationId, userId, sessionId, spaceIds } = workspace
  return repeat(workers, seconds, async (i) => {
    const id = spaceIds[i % spaceIds.length] ?? ''
    await access.find(db, { userId, sessionId }, organizationId, id)
    await shownAutomations.list(db, { organizationId, id }, { status: null, kind: null, hooksUrl: '' })
  })
}

/** Inserts of one small row, each its own commit, over the same connections. */
export async function insertLimit(db: Database, workspace: Workspace, workers: number, seconds: number) {
  const { organizationId, spaceIds } = workspace
  return repeat(workers, seconds, async (i) => {
    const space_id = spaceIds[i % spaceIds.length] ?? ''
    await db
      .insertInto('chat_rooms')
      .values({ id: newId(), organization_id: organizationId, space_id, name: `room ${newId()}` })
      .execute()
  })
}

/** Runs `work` on so many workers side by side, after a quarter of the time as warm-up. */
async function repeat(workers: number, seconds: number, work: (i: number) => Promise<void>) {
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
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  await sleep(seconds * 250)
  const before = done
  const started = performance.now()
  await sleep(seconds * 1000)
  const perSecond = ((done - before) / (performance.now() - started)) * 1000
  stopped = true
  await Promise.all(running)
  return { perSecond }
}
