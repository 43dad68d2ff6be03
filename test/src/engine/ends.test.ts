import { sql } from 'kysely'
import t from 'tap'
import * as runAttempts from '../../../db/queries/run-attempts.ts'
import { type End, noteEnds } from '../../../src/engine/ends.ts'
import { testApp } from '../../support/app.ts'

/** What is left of some ends in an automation. */
type State = { status: string; last_run_at: number | null; last_error: string | null; consecutive_failures: number }
type Outcome = { ranAt: number; error: string | null }

/** The same numbers between 0 and 1 for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What one end after the other makes of an automation, in so many words. */
function model(outcomes: readonly Outcome[], pauseAfter: number): State & { pausedAt: number[] } {
  const state: State & { pausedAt: number[] } = {
    status: 'active',
    last_run_at: null,
    last_error: null,
    consecutive_failures: 0,
    pausedAt: [],
  }
  for (const { ranAt, error } of outcomes) {
    state.last_run_at = Math.max(state.last_run_at ?? ranAt, ranAt)
    state.last_error = error
    state.consecutive_failures = error === null ? 0 : state.consecutive_failures + 1
    if (state.status !== 'active' || state.consecutive_failures < pauseAfter) continue
    state.status = 'paused'
    state.pausedAt.push(state.consecutive_failures)
  }
  return state
}

t.test('ends that are written together leave what one after the other would', async (t) => {
  const { db, send, owner, kinds, organizationId, spaceId } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const queue = { send: async () => {} }

  const create = async (pauseAfter: number): Promise<string> => {
    const config = { cron: '0 0 1 1 *', message: 'hi', pause_after_failures: pauseAfter }
    const body = { name: 'n', kind: 'scheduled', status: 'active', config }
    return (await send(owner, 'POST', base, body)).body.automation.id
  }
  const note = (ends: readonly End[]) =>
    db.transaction().execute(async (trx) => {
      const before = await runAttempts.lockAutomations(trx, ends)
      await noteEnds(trx, { queue, kinds }, before, ends)
    })
  const stateOf = async (id: string) => {
    const row = await db
      .selectFrom('automations')
      .select(['status', 'last_run_at', 'last_error', 'consecutive_failures'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const { rows } = await sql<{ failures: number }>`
      select (entry::json #>> '{details,failures}')::integer as failures from audit_log
       where target_id = ${id} and action = 'automation.paused_after_failures'`.execute(db)
    return {
      ...row,
      last_run_at: row.last_run_at?.getTime() ?? null,
      pausedAt: rows.map(({ failures }) => failures),
    }
  }
  const endsOf = (automationId: string, outcomes: readonly Outcome[]): End[] =>
    outcomes.map(({ ranAt, error }) => ({
      organizationId,
      spaceId,
      automationId,
      outcome: { ranAt: new Date(ranAt), error },
    }))

  for (let seed = 1; seed <= 25; seed++) {
    t.test(`of two automations in batches of any size, seed ${seed}`, async (t) => {
      const random = randomFrom(seed)
      const below = (most: number) => Math.floor(random() * most)
      const started = Date.now()
      const failing = random()
      const automations = await Promise.all(
        [1 + below(6), 1 + below(30)].map(async (pauseAfter) => ({
          pauseAfter,
          id: await create(pauseAfter),
          outcomes: [] as Outcome[],
        })),
      )
      for (let batches = 1 + below(6); batches > 0; batches--) {
        const ends: End[] = []
        for (let count = 1 + below(40); count > 0; count--) {
          const whose = automations[below(2)]
          const outcome = { ranAt: started - below(100_000), error: random() < failing ? `error ${below(1000)}` : null }
          whose?.outcomes.push(outcome)
          ends.push(...endsOf(whose?.id ?? '', [outcome]))
        }
        await note(ends)
      }
      for (const { id, outcomes, pauseAfter } of automations) t.same(await stateOf(id), model(outcomes, pauseAfter))
    })
  }

  t.test('of a thousand that succeed and fail in one batch', async (t) => {
    const random = randomFrom(1000)
    const outcomes = Array.from({ length: 1000 }, (_, i) => ({
      ranAt: Date.now() - Math.floor(random() * 60_000),
      error: random() < 0.6 ? `error ${i}` : null,
    }))
    const id = await create(9)
    await note(endsOf(id, outcomes))
    const expected = model(outcomes, 9)
    t.equal(expected.status, 'paused', 'the case is worth something')
    t.same(await stateOf(id), expected)
  })
})
