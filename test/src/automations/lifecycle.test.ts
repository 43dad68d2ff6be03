import t from 'tap'
import { STATUSES } from '../../../schemas/automations.ts'
import type { Actor } from '../../../src/access/actor.ts'
import { initialStatus, nextStatus, type Request } from '../../../src/automations/lifecycle.ts'

const PERSON: Actor = { type: 'user', id: 'p', userId: 'p' }
const STAFF: Actor = { type: 'service_account', id: 's', userId: 'su', organizationId: 'o' }
const REQUESTS = ['edit', 'draft', 'pending_approval', 'active', 'paused', 'approve', 'reject'] as const

/** What comes of every request, written out a second time by hand: one row a status, one word a request. */
const EXPECTED: Record<Actor['type'], Record<string, string>> = {
  user: {
    draft: 'draft draft pending_approval active paused automation_not_pending automation_not_pending',
    pending_approval: 'pending_approval draft pending_approval active paused active rejected',
    active: 'active draft pending_approval active paused active active',
    paused: 'paused draft pending_approval active paused paused paused',
    rejected: 'draft draft pending_approval active paused automation_not_pending automation_not_pending',
  },
  service_account: {
    draft: refusals('service_account_not_author'),
    pending_approval: refusals('pending_approval'),
    active: refusals('active'),
    paused: refusals('paused'),
    rejected: refusals('pending_approval'),
  },
}

function refusals(outcome: string): string {
  const status = 'service_account_status'
  const decide = 'service_account_cannot_approve'
  return `${outcome} ${status} ${outcome} ${status} ${status} ${decide} ${decide}`
}

function outcomeOf(actor: Actor, status: (typeof STATUSES)[number], request: Request, hasPendingRevision: boolean) {
  try {
    return nextStatus(actor, { status, hasPendingRevision }, request)
  } catch (error) {
    return (error as { code: string }).code
  }
}

t.test('every status, actor and request has one outcome', async (t) => {
  for (const actor of [PERSON, STAFF]) {
    for (const status of STATUSES) {
      const expected = EXPECTED[actor.type][status]?.split(' ') ?? []
      for (const [i, request] of REQUESTS.entries())
        t.equal(outcomeOf(actor, status, request, true), expected[i], `${actor.type} ${status} ${request}`)
    }
  }
})

t.test('without a pending revision there is nothing to decide on what runs', async (t) => {
  for (const status of ['active', 'paused'] as const)
    for (const request of ['approve', 'reject'] as const)
      t.equal(outcomeOf(PERSON, status, request, false), 'automation_not_pending')
})

t.test('no request of AI staff ends in anything that was not let run before', async (t) => {
  for (const status of STATUSES)
    for (const request of REQUESTS) {
      const outcome = outcomeOf(STAFF, status, request, true)
      if (outcome === 'active') t.equal(status, 'active')
    }
})

t.test('what AI staff creates waits, whatever it asks for', async (t) => {
  for (const requested of [undefined, 'draft', 'pending_approval', 'active', 'paused'] as const) {
    t.equal(initialStatus(STAFF, requested), 'pending_approval')
    t.equal(initialStatus(PERSON, requested), requested ?? 'draft')
  }
})
