import { PassThrough } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { sql, type Transaction } from 'kysely'
import t from 'tap'
import * as automations from '../../../db/queries/automations.ts'
import type { DB } from '../../../db/types.ts'
import { type Caller, testApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'

const DIGEST = { name: 'Weekly digest', kind: 'scheduled', config: { cron: '0 9 * * MON', channel: 'general' } }

t.test('what somebody else changes while a change is on its way', async (t) => {
  const { app, send, owner, organizationId, spaceId, serviceAccount, db } = await testApp(t)
  const space = { organizationId, id: spaceId }
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const staff = await serviceAccount(['files.read', 'files.write'])

  /** Lets somebody else change an automation until whoever asks has read it, and waits for that change. */
  async function during<T>(change: (trx: Transaction<DB>) => Promise<void>, ask: () => Promise<T>): Promise<T> {
    const [written, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const changing = db.transaction().execute(async (trx) => {
      await change(trx)
      await sql`select`.execute(trx)
      written.resolve()
      await asked.promise
    })
    await written.promise
    const answer = ask()
    const waiting = sql<{ n: number }>`
      select count(*)::integer as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await until(async () => (await waiting.execute(db)).rows[0]?.n)
    asked.resolve()
    await changing
    return answer
  }

  t.test('stays beside it', async (t) => {
    const { id } = (await send(owner, 'POST', base, { ...DIGEST, status: 'active' })).body.automation
    const { status, body, headers } = await during(
      (trx) => automations.update(trx, space, id, { status: 'paused', next_run_at: null }),
      () => send(owner, 'PATCH', `${base}/${id}`, { name: 'Monthly digest' }),
    )
    t.match([status, headers.etag, body.automation], [200, '"3"', { name: 'Monthly digest', status: 'paused' }])
  })

  t.test('is not what its caller has read', async (t) => {
    const { id } = (await send(owner, 'POST', base, DIGEST)).body.automation
    const { status } = await during(
      (trx) => automations.update(trx, space, id, {}),
      () => send(owner, 'PATCH', `${base}/${id}`, { name: 'Monthly digest' }, { 'if-match': '"1"' }),
    )
    t.equal(status, 412)
  })

  t.test('decides first', async (t) => {
    const { id } = (await send(staff, 'POST', base, DIGEST)).body.automation
    const rejection = {
      status: 'rejected',
      reviewed_by_user_id: owner.id,
      reviewed_revision: 1,
      reviewed_at: new Date(),
    }
    const { status, body } = await during(
      (trx) => automations.update(trx, space, id, rejection),
      () => send(owner, 'POST', `${base}/${id}/approve`, {}),
    )
    t.match([status, body.code], [404, 'automation_not_pending'])
    const { automation } = (await send(owner, 'GET', `${base}/${id}`)).body
    t.equal(automation.status, 'rejected')
  })

  t.test('is gone', async (t) => {
    const { id } = (await send(owner, 'POST', base, DIGEST)).body.automation
    const { status, body } = await during(
      (trx) => automations.remove(trx, space, id),
      () => send(owner, 'PATCH', `${base}/${id}`, { name: 'Monthly digest' }),
    )
    t.match([status, body.code], [404, 'automation_not_found'])
  })

  t.test('in whatever order, none of many changes is lost', async (t) => {
    const { id } = (await send(owner, 'POST', base, DIGEST)).body.automation
    const names = Array.from({ length: 20 }, (_, i) => `Digest ${i}`)
    const answers = await Promise.all(names.map((name) => send(owner, 'PATCH', `${base}/${id}`, { name })))
    t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
    t.equal(new Set(answers.map(({ headers }) => headers.etag)).size, 20)
    const { revisions } = (await send(owner, 'GET', `${base}/${id}/revisions`)).body
    t.strictSame(new Set(revisions.map(({ name }: { name: string }) => name)), new Set(['Weekly digest', ...names]))
  })

  t.test('holds for what had begun before it: the policy', async (t) => {
    const policy = `/api/v1/organizations/${organizationId}/automation-policy`
    /** Sends the head of a request, lets something happen, and then sends its body. */
    const slowly = async (caller: Caller, method: 'POST' | 'PATCH', url: string, body: object, meanwhile: object) => {
      const payload = new PassThrough()
      const headers = { authorization: `Bearer ${caller.token}`, 'content-type': 'application/json' }
      const answer = app.inject({ method, url, headers, payload })
      await wait(200) // for its caller to be let in
      t.equal((await send(owner, 'PATCH', policy, meanwhile)).status, 200)
      payload.end(JSON.stringify(body))
      const { statusCode, body: text } = await answer
      return [statusCode, JSON.parse(text).code]
    }
    const own = (await send(owner, 'POST', base, DIGEST)).body.automation
    const proposal = (await send(staff, 'POST', base, DIGEST)).body.automation
    const second = { approver_must_differ_from_editor: true }
    const reset = () => send(owner, 'PATCH', policy, { approver_must_differ_from_editor: false })

    t.same(await slowly(owner, 'POST', base, { ...DIGEST, status: 'active' }, second), [403, 'second_person_required'])
    await reset()
    t.same(await slowly(owner, 'PATCH', `${base}/${own.id}`, { status: 'active' }, second), [
      403,
      'second_person_required',
    ])
    await reset()
    const digest = { require_digest_on_approval: true }
    t.same(await slowly(owner, 'POST', `${base}/${proposal.id}/approve`, {}, digest), [428, 'digest_required'])
    const none = { max_pending_per_service_account: 0 }
    t.same(await slowly(staff, 'POST', base, DIGEST, none), [409, 'pending_limit_reached'])
  })
})
