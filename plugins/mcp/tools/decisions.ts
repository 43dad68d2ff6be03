import { horizon } from '../../../db/queries/space-events.ts'
import { type Api, Refused } from '../api.ts'
import { automationPath } from '../paths.ts'
import { tool } from '../tool.ts'

/** How often whoever waits hears that this goes on, in milliseconds. */
const QUIET_MS = 15_000
const WAITS_SECONDS = 50

export const waitForDecision = tool(
  'wait_for_decision',
  {
    title: 'Wait for a decision',
    description:
      'Waits until people have decided on your proposal, or the time is over (pending: call again). If rejected, answers why, by reason, code and JSON pointers.',
    effect: 'reads',
  },
  async ({ space_id, automation_id, digest, wait_seconds = WAITS_SECONDS }, { api, app, signal, progress }) => {
    const path = automationPath(api, { space_id, automation_id })
    const endsAt = Date.now() + wait_seconds * 1000
    // Whatever happens after the first look is heard of.
    const start = { transactionId: await horizon(app.db), id: '0' }
    let found = await look(api, path, digest)
    if (found.outcome !== 'pending' || wait_seconds === 0) return shown(found)
    const space = { organizationId: api.staff.organizationId, id: found.spaceId }
    for await (const events of app.spaceFeed.follow(space, start, { quietMs: QUIET_MS, endsAt, signal })) {
      const isQuiet = events.length === 0
      if (isQuiet) progress('nobody has decided yet')
      // Also where nothing happened: whoever may not ask any more hears of it.
      if (!isQuiet && !events.some((event) => event.automation_id === found.automationId)) continue
      found = await look(api, path, digest, found)
      if (found.outcome !== 'pending') return shown(found)
    }
    // What was decided, or lost, in the last moment counts.
    return shown(signal.aborted ? found : await look(api, path, digest, found))
  },
)

type Found = {
  outcome: string
  spaceId: string
  automationId: string
  reason?: string
  code?: string
  paths?: string[]
}

function shown({ outcome, reason = undefined, code = undefined, paths = [] }: Found) {
  return { outcome, reason: reason ?? null, code: code ?? null, paths }
}

/**
 * What became of the content with a digest.
 *
 * @param before what was found last.
 * @throws Refused `revision_not_found` where there never was one
 */
async function look(api: Api, path: string, digest: string, before?: Found): Promise<Found> {
  const automation = await find(api, path, before)
  if (automation === undefined) return { ...(before as Found), outcome: 'withdrawn', reason: 'it was deleted' }
  const { status, pending_revision: pending, approved_digest: approved } = automation
  const place = { spaceId: automation.space_id, automationId: automation.id }
  const waits = pending?.digest === digest || (status === 'pending_approval' && automation.digest === digest)
  if (waits) return { ...place, outcome: 'pending' }
  const query = new URLSearchParams({ digest, limit: '1' })
  const { body } = await api.ask('GET', `${path}/revisions?${query}`)
  const [revision] = body.revisions
  if (revision === undefined)
    throw new Refused('no revision of it has this digest', { status: 404, code: 'revision_not_found' })
  const { outcome = approved === digest ? 'approved' : 'superseded', reason, code, paths } = revision.decision ?? {}
  return { ...place, outcome, reason, code, paths }
}

async function find(api: Api, path: string, before: Found | undefined) {
  try {
    return (await api.ask('GET', path)).body.automation
  } catch (error) {
    if (before !== undefined && error instanceof Refused && error.code === 'automation_not_found') return undefined
    throw error
  }
}
