import type { AutomationCreate } from '../../../schemas/automations.ts'
import { firstContent } from '../../../src/automations/content.ts'
import { isLive } from '../../../src/automations/lifecycle.ts'
import { digestOf } from '../../../src/automations/revisions.ts'
import { type Api, Refused } from '../api.ts'
import { automationPath, spacePath } from '../paths.ts'
import { reviewUrl } from '../review-url.ts'
import { type Call, tool } from '../tool.ts'
import { withoutNote } from './automations.ts'

export const proposeAutomation = tool(
  'propose_automation',
  {
    title: 'Propose an automation',
    description:
      'Proposes a new automation: it waits until a person approves exactly this. Proposing the same again answers the one that waits.',
    effect: 'adds',
  },
  async ({ space_id, name, kind, config, note }, call) => {
    const { api } = call
    const automations = `${spacePath(api, space_id)}/automations`
    const body: AutomationCreate = { name, kind, config, description: note }
    const content = firstContent(api.staff, body)
    const waiting = new URLSearchParams({
      status: 'pending_approval',
      author_id: api.staff.id,
      digest: digestOf('', kind, content),
      limit: '1',
    })
    const once = `${api.staff.id} ${automations}?${waiting}`
    const underWay = proposing.get(once)
    const proposed = underWay ?? propose(api, automations, waiting, body).finally(() => proposing.delete(once))
    proposing.set(once, proposed)
    const { automation, isNew } = await proposed
    return { ...(await describe(call, space_id, automation)), already_proposed: !isNew || underWay !== undefined }
  },
)

/** What is proposed just now, by whom and where: who asks for the same again waits for it, as after an answer that was late. */
const proposing = new Map<string, ReturnType<typeof propose>>()

async function propose(api: Api, automations: string, waiting: URLSearchParams, body: AutomationCreate) {
  const { body: found } = await api.ask('GET', `${automations}?${waiting}`)
  const [same] = found.automations
  if (same !== undefined) return { automation: same, isNew: false }
  return { automation: (await api.ask('POST', automations, { body })).body.automation, isNew: true }
}

export const reviseAutomation = tool(
  'revise_automation',
  {
    title: 'Revise an automation',
    description:
      'Proposes a change: of your proposal, also once it was rejected, or of what runs, beside which it waits. config replaces the whole config.',
    effect: 'adds',
  },
  async ({ space_id, automation_id, based_on_digest, name, config, note }, call) => {
    const { api } = call
    const path = automationPath(api, { space_id, automation_id })
    const { body, etag = '' } = await api.ask('GET', path)
    const before = latestOf(body.automation, api)
    if (before.digest !== based_on_digest) throw await stale(call, path, based_on_digest, before)
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(config === undefined ? {} : { config }),
      // What it is for stays as it was said.
      description: note ?? withoutNote(before.config).note ?? null,
    }
    const answer = await api.ask('PATCH', path, { body: change, headers: { 'if-match': etag } })
    const { automation } = answer.body
    const after = latestOf(automation, api)
    const { body: compared } = await api.ask(
      'GET',
      `${path}/revisions/${after.revision}/diff?against=${before.revision}`,
    )
    return { ...(await describe(call, space_id, automation)), changes: compared.diff.changes }
  },
)

export const withdrawProposal = tool(
  'withdraw_proposal',
  {
    title: 'Withdraw a proposal',
    description: 'Takes back your proposal, or your change beside what runs, while nobody has decided on it.',
    effect: 'changes',
  },
  async ({ space_id, automation_id, digest }, { api }) => {
    const path = automationPath(api, { space_id, automation_id })
    const { body } = await api.ask('GET', path)
    if (isLive(body.automation.status)) await api.ask('POST', `${path}/withdraw`, { body: { digest } })
    else await api.ask('DELETE', path, { headers: { 'if-match': JSON.stringify(digest) } })
    return { withdrawn: true, automation_id }
  },
)

type Latest = { revision: number; digest: string; config: Record<string, unknown> }

/** What AI staff goes on from: its change that waits, or else what is shown. */
function latestOf(
  { pending_revision: pending, ...shown }: Latest & { pending_revision: (Latest & By) | null },
  { staff }: Api,
): Latest {
  return pending !== null && pending.proposed_by_service_account_id === staff.id ? pending : shown
}

type By = { proposed_by_service_account_id: string | null }

/** Says what was changed since the content with a digest, where there is one. */
async function stale({ api }: Call, path: string, digest: string, now: Latest): Promise<Refused> {
  const query = new URLSearchParams({ digest, limit: '1' })
  const { body } = await api.ask('GET', `${path}/revisions?${query}`)
  const [seen] = body.revisions
  const compared =
    seen && (await api.ask('GET', `${path}/revisions/${now.revision}/diff?against=${seen.revision}`)).body.diff.changes
  const details = compared?.map(({ path: at, op: _, ...values }: { path: string; op: string }) => ({
    path: at,
    message: 'is different now',
    ...values,
  })) ?? [{ path: '/based_on_digest', message: `no revision has it; it is ${now.digest} now` }]
  return new Refused('it was changed since', { status: 409, code: 'digest_mismatch', details })
}

/** A proposal as its author goes on with it. */
async function describe(
  { api, app }: Call,
  spaceId: string,
  automation: Latest & { id: string; status: string } & Parameters<typeof latestOf>[0],
) {
  const { revision, digest } = latestOf(automation, api)
  const place = { space_id: spaceId, automation_id: automation.id }
  const { body } = await api.ask('GET', `${automationPath(api, place)}/preview`)
  return {
    automation_id: automation.id,
    revision,
    digest,
    status: automation.status,
    review_url: reviewUrl(api, app.settings.publicUrl, place),
    problems: body.preview.problems,
    warnings: body.preview.warnings,
  }
}
