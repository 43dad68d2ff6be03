import t from 'tap'
import { PERMISSIONS } from '../../../src/access/permissions.ts'
import { seal } from '../../../src/audit-chain.ts'
import { testApp } from '../../support/app.ts'

type Entry = {
  id: string
  sequence: number | null
  hash: string | null
  action: string
  target: { type: string; id: string }
  details: Record<string, unknown>
}

t.test('the log is read', async (t) => {
  const on = await testApp(t)
  const { send, owner, organizationId } = on
  const organization = `/api/v1/organizations/${organizationId}`
  const path = `${organization}/audit-log`
  const manager = await on.person(PERMISSIONS)
  const roles: string[] = []
  for (const [i, caller] of [owner, manager, owner, manager, owner, manager, owner].entries()) {
    const { role } = (await send(caller, 'POST', `${organization}/roles`, { name: `Role ${i}`, permissions: [] })).body
    roles.push(role.id)
  }
  await send(owner, 'DELETE', `${organization}/roles/${roles[0]}`)
  const list = async (query = '') => (await send(owner, 'GET', `${path}?${query}`)).body
  const targets = ({ entries }: { entries: Entry[] }) => entries.map(({ target }) => target.id)

  await t.test('newest first, and before they are sealed without number and hash', async (t) => {
    const { entries } = await list()
    t.same(targets({ entries }), [roles[0], ...roles.toReversed()])
    t.match(entries, new Array(8).fill({ sequence: null, previous_hash: null, hash: null }))
    t.equal(new Set(entries.map(({ id }: Entry) => id)).size, 8)
  })

  t.test('once they are sealed from 1 without a gap, each with the hash before it', async (t) => {
    await seal(on.db)
    const { entries, next_cursor } = await list()
    t.equal(next_cursor, null)
    t.same(
      entries.map(({ sequence }: Entry) => sequence),
      [8, 7, 6, 5, 4, 3, 2, 1],
    )
    for (const [i, { previous_hash }] of entries.entries()) t.equal(previous_hash, entries[i + 1]?.hash ?? '')
  })

  t.test('by action, actor and target, and all at once', async (t) => {
    t.same(targets(await list('action=role.deleted')), [roles[0]])
    t.equal((await list('action=role.created')).entries.length, 7)
    t.same(targets(await list(`actor_id=${manager.id}`)), [roles[5], roles[3], roles[1]])
    t.same(targets(await list(`target_id=${roles[0]}`)), [roles[0], roles[0]])
    t.same(targets(await list(`action=role.created&actor_id=${owner.id}&target_id=${roles[2]}`)), [roles[2]])
    t.same((await list('action=role')).entries, [])
    t.same((await list(`target_id=${organizationId}`)).entries, [])
  })

  t.test('in pages that do not shift while it grows', async (t) => {
    for (const filter of ['', `&actor_id=${owner.id}`]) {
      const whole = targets(await list(`limit=200${filter}`))
      const found: string[] = []
      let cursor = ''
      do {
        const page = await list(`limit=2${filter}${cursor}`)
        t.ok(page.entries.length <= 2)
        found.push(...targets(page))
        cursor = page.next_cursor && `&cursor=${page.next_cursor}`
        await send(owner, 'POST', `${organization}/roles`, { name: `Later ${found.length}${filter}`, permissions: [] })
      } while (cursor)
      t.same(found, whole)
    }
    for (const cursor of ['x', Buffer.from('["0"]').toString('base64url'), Buffer.from('["7"]').toString('base64url')])
      t.match(await send(owner, 'GET', `${path}?cursor=${cursor}`), { status: 400, body: { code: 'invalid_cursor' } })
  })

  t.test('by those who manage the organization alone', async (t) => {
    const others = PERMISSIONS.filter((permission) => permission !== 'org.manage')
    for (const caller of [await on.person(others), await on.serviceAccount(others), await on.person([])])
      t.match(await send(caller, 'GET', path), { status: 403, body: { code: 'forbidden' } })
    t.equal((await send(await on.serviceAccount(['org.manage']), 'GET', path)).status, 200)
    t.equal((await send(null, 'GET', path)).status, 401)
    const other = await on.otherOrganization()
    t.match(await send(other.owner, 'GET', path), { status: 403, body: { code: 'not_a_member' } })
    const theirs = await send(other.owner, 'GET', `/api/v1/organizations/${other.organizationId}/audit-log`)
    t.same(theirs.body.entries, [], 'and each reads its own')
  })

  t.test('a repeated POST with a key leaves one entry', async (t) => {
    const key = { 'idempotency-key': 'once' }
    const create = () => send(owner, 'POST', `${organization}/roles`, { name: 'Once', permissions: [] }, key)
    const { role } = (await create()).body
    t.equal((await create()).body.role.id, role.id)
    t.equal((await list(`target_id=${role.id}`)).entries.length, 1)
  })
})
