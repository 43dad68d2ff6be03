import t from 'tap'
import { createReceiver } from '../../../src/hooks/receiver.ts'
import { createPace } from '../../../src/runs/pace.ts'
import { NO_QUEUE, testApp } from '../../support/app.ts'
import { isLocked } from '../../support/locks.ts'
import { until } from '../../support/until.ts'
import { makeHook, SENDERS } from '../../support/webhooks.ts'

const { secret, sign } = SENDERS.standard_webhooks

t.test('what changes while an event is on its way to be stored holds for that event', async (t) => {
  const test = await testApp(t)
  const { send, owner, organizationId, spaceId, db, app, actions, kinds } = test
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  let onTheWay = async () => {}
  let afterCommit = async () => {}
  let proofsMissing = 0
  const receive = createReceiver({
    db,
    cipher: app.cipher,
    actions,
    kinds,
    queue: {
      async sendWithin(write) {
        const change = onTheWay
        onTheWay = async () => {}
        await change()
        await write(NO_QUEUE, createPace())
        await afterCommit()
      },
    },
  })

  /** A hook that has taken an event, and so is known. */
  async function knownHook() {
    const hook = await makeHook(test, { secret })
    const { trigger } = (await send(owner, 'GET', `${base}/${hook.id}`)).body.automation
    const hookId = trigger.url.split('/').at(-1)
    const deliver = async (headers: Record<string, string>) =>
      receive(hookId, { headers, bytes: Buffer.from('{}') }, async () => void proofsMissing++)
    const first = await sign('{}')
    const answer = await deliver(first)
    return { ...hook, first, answer, deliver }
  }
  const stored = async (id: string) => (await send(owner, 'GET', `${base}/${id}/events`)).body.events

  t.test('paused: it is ignored', async (t) => {
    const hook = await knownHook()
    onTheWay = async () => void (await send(owner, 'PATCH', `${base}/${hook.id}`, { status: 'paused' }))
    t.match(await hook.deliver(await sign('{}')), { receipt: { run_id: null, duplicate: false } })
    t.match(await stored(hook.id), [{ status: 'ignored' }, { status: 'accepted' }])
  })

  t.test('edited: it runs the new content', async (t) => {
    const hook = await knownHook()
    onTheWay = async () => void (await send(owner, 'PATCH', `${base}/${hook.id}`, { config: { message: 'new' } }))
    const answer = await hook.deliver(await sign('{}'))
    const runId = 'receipt' in answer ? answer.receipt.run_id : null
    const { revision } = (await send(owner, 'GET', `${base}/${hook.id}`)).body.automation
    const run = await db
      .selectFrom('automation_runs')
      .select('revision')
      .where('id', '=', runId)
      .executeTakeFirstOrThrow()
    t.equal(run.revision, revision)
    t.ok(revision > 1)
  })

  t.test('a secret that is cut off, or a hook that is deleted: it is refused, also where it came before', async (t) => {
    for (const again of [true, false]) {
      const hook = await knownHook()
      t.match(await hook.deliver(hook.first), { receipt: { duplicate: true } })
      onTheWay = async () => void (await send(owner, 'POST', `${base}/${hook.id}/webhook/secret`, { grace_seconds: 0 }))
      const before = proofsMissing
      await t.rejects(hook.deliver(again ? hook.first : await sign('{}')), { code: 'webhook_not_verified' })
      t.equal(proofsMissing, before + 1, 'and counted')
      t.equal((await stored(hook.id)).length, 1)
    }
    const hook = await knownHook()
    onTheWay = async () => void (await send(owner, 'DELETE', `${base}/${hook.id}`))
    await t.rejects(hook.deliver(await sign('{}')), { code: 'webhook_not_verified' })
  })

  t.test('deleted in the very moment in which it is stored: it is refused', async (t) => {
    const hook = await knownHook()
    const held = Promise.withResolvers<void>()
    const deletion = db.transaction().execute(async (trx) => {
      await trx.deleteFrom('automations').where('id', '=', hook.id).execute()
      await held.promise
    })
    const refused = t.rejects(hook.deliver(await sign('{}')), { code: 'webhook_not_verified' })
    await until(() => isLocked(db))
    held.resolve()
    await deletion
    await refused
  })

  t.test('what fails after its commit is answered as what it is: stored once', async (t) => {
    const hook = await knownHook()
    const { trigger } = (await send(owner, 'PATCH', `${base}/${hook.id}`, { config: { verification: 'none' } })).body
      .automation
    const hookId = trigger.url.split('/').at(-1)
    let isFirst = true
    afterCommit = async () => {
      if (isFirst) {
        isFirst = false
        throw new Error('its answer is lost')
      }
    }
    const bodies = ['{"n":1}', '{"n":2}', '{"n":3}']
    const answers = await Promise.all(
      bodies.map((body) => receive(hookId, { headers: {}, bytes: Buffer.from(body) }, async () => {})),
    )
    const events = (await stored(hook.id)).slice(0, -1)
    t.notOk(isFirst)
    t.equal(events.length, 3)
    for (const { receipt } of answers as { receipt: { event_id: string; run_id: string } }[])
      t.match(
        events.find(({ id }: { id: string }) => id === receipt.event_id),
        { run_id: receipt.run_id, status: 'accepted' },
      )
    afterCommit = async () => {}
  })

  t.test('what stands beside a hook that has changed is stored all the same', async (t) => {
    const [changed, same] = [await knownHook(), await knownHook()]
    onTheWay = async () =>
      void (await send(owner, 'POST', `${base}/${changed.id}/webhook/secret`, { grace_seconds: 0 }))
    const answers = await Promise.allSettled([changed.deliver(await sign('{}')), same.deliver(await sign('{}'))])
    t.match(answers, [{ status: 'rejected' }, { status: 'fulfilled', value: { receipt: { duplicate: false } } }])
    t.equal((await stored(same.id)).length, 2)
  })
})
