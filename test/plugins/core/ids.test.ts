import t from 'tap'
import { createCipher } from '../../../src/secrets/cipher.ts'
import { rotate } from '../../../src/secrets/rotation.ts'
import { registration } from '../../support/accounts.ts'
import { testApp } from '../../support/app.ts'
import { makeHook } from '../../support/webhooks.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** Every other letter in upper case. */
const mixed = (id: string) =>
  id.replace(/([a-f])([^a-f]*)([a-f])/g, (_, a, between, b) => a.toUpperCase() + between + b)
const SPELLINGS = [(id: string) => id.toUpperCase(), mixed]
/** What Postgres or JSON Schema would take for the same id. */
const FOREIGN = [(id: string) => `{${id}}`, (id: string) => id.replaceAll('-', ''), (id: string) => `urn:uuid:${id}`]

t.test('ids', async (t) => {
  const on = await testApp(t)
  const { send, owner, organizationId, spaceId, serviceAccount, person, db } = on
  const organization = `/api/v1/organizations/${organizationId}`
  const space = `${organization}/spaces/${spaceId}`
  const automations = `${space}/automations`
  const createRole = async (name: string) =>
    (await send(owner, 'POST', `${organization}/roles`, { name, permissions: [] })).body.role.id as string

  /** A path for each kind of id, with the id in it. */
  async function makePaths(): Promise<[path: string, id: string][]> {
    const hook = await makeHook(on, { config: { verification: 'none' } })
    const { event_id, run_id } = (await hook.post('{"n":1}', JSON_TYPE)).body
    const room = (await send(owner, 'POST', `${space}/chat-rooms`, { name: 'general' })).body
    const member = await person([])
    return [
      [organization, organizationId],
      [space, spaceId],
      [`${automations}/${hook.id}`, hook.id],
      [`${automations}/${hook.id}/revisions/1`, hook.id],
      [`${automations}/${hook.id}/runs/${run_id}`, run_id],
      [`${automations}/${hook.id}/events/${event_id}`, event_id],
      [`${space}/chat-rooms/${room.id}/messages`, room.id],
      [`${organization}/members/${member.userId}/roles`, member.userId],
    ]
  }

  t.test('of a path are the same in upper and mixed case, and none in any other notation', async (t) => {
    for (const [path, id] of await makePaths()) {
      const usual = await send(owner, 'GET', path)
      t.equal(usual.status, 200, path)
      for (const spell of SPELLINGS) {
        const { status, text } = await send(owner, 'GET', path.replace(id, spell(id)))
        t.same([status, text], [200, usual.text], `${path.replace(id, spell(id))}`)
      }
      for (const spell of FOREIGN) {
        const { status } = await send(owner, 'GET', path.replace(id, spell(id)))
        t.equal(status, 400, path.replace(id, spell(id)))
      }
    }
  })

  t.test('of a path are shown as they are kept where something is changed', async (t) => {
    for (const spell of SPELLINGS) {
      const role = await createRole(`Role ${spell(organizationId)}`)
      const path = `${spell(organizationId)}/roles/${spell(role)}`
      const change = await send(owner, 'PATCH', `/api/v1/organizations/${path}`, { permissions: ['files.read'] })
      t.match(change, { status: 200, body: { role: { id: role, organization_id: organizationId } } })

      const staff = await serviceAccount([])
      const rename = `${organization}/service-accounts/${spell(staff.id)}`
      t.match((await send(owner, 'PATCH', rename, { name: 'Ada' })).body, { service_account: { id: staff.id } })

      const there = `/api/v1/organizations/${spell(organizationId)}/spaces/${spell(spaceId)}/automations`
      const { automation } = (await send(owner, 'POST', there, { name: 'n', kind: 'webhook' })).body
      t.match(automation, { organization_id: organizationId, space_id: spaceId })
      const renamed = await send(owner, 'PATCH', `${there}/${spell(automation.id)}`, { name: 'm' })
      t.match(renamed.body.automation, { id: automation.id, name: 'm' })

      const log = (await send(owner, 'GET', `${organization}/audit-log?limit=2`)).body
      t.match(log.entries, [
        { action: 'automation.updated', target: { id: automation.id }, space_id: spaceId },
        { action: 'automation.created', target: { id: automation.id }, space_id: spaceId },
      ])
    }
  })

  t.test('of a sign-up request too', async (t) => {
    await send(owner, 'PATCH', `${organization}/features`, { open_signups_enabled: true })
    for (const [i, spell] of SPELLINGS.entries()) {
      await send(null, 'POST', '/api/v1/auth/register', registration(`waiting${i}`))
      const path = `${organization}/signup-requests`
      const [{ id }] = (await send(owner, 'GET', path)).body.signup_requests
      const approved = await send(owner, 'POST', `${path}/${spell(id)}/approve`)
      t.match(approved, { status: 200, body: { signup_request: { id, status: 'approved' } } })
    }
  })

  t.test('of a path: what is encrypted under them opens again', async (t) => {
    for (const spell of SPELLINGS) {
      const { id } = (await send(owner, 'POST', automations, { name: 'n', kind: 'webhook' })).body.automation
      const changed = await send(owner, 'PATCH', `${automations}/${spell(id)}`, { oauth_token: 'secret' })
      t.equal(changed.body.automation.has_oauth_token, true)
      t.equal((await send(owner, 'POST', `${automations}/${spell(id)}/webhook/secret`)).status, 200)
    }
    const keys = new Map(['k2', 'k1'].map((name, i) => [name, Buffer.alloc(32, 8 - i)]))
    for await (const { column, unreadable } of rotate(db, createCipher(keys))) t.equal(unreadable, 0, column)
  })

  t.test('of a body are kept and shown in lower case, and a config as it was sent', async (t) => {
    for (const spell of SPELLINGS) {
      const role = await createRole(`Listed ${spell(spaceId)}`)
      const role_ids = [spell(role)]
      const kept = { status: 200, body: { role_ids: [role] } }
      const member = await person([])
      t.match(await send(owner, 'PUT', `${organization}/members/${member.userId}/roles`, { role_ids }), kept)
      t.match(await send(owner, 'PUT', `${space}/access`, { role_ids }), kept)
      await send(owner, 'PUT', `${space}/access`, { role_ids: [] })
      const staff = await send(owner, 'POST', `${organization}/service-accounts`, { name: 'Ada', role_ids })
      t.match(staff, { status: 201, body: { service_account: { role_ids: [role] } } })

      const config = { channel: spell(role), repository_id: spell(role) }
      const created = await send(owner, 'POST', automations, { name: 'n', kind: 'webhook', config })
      t.same(created.body.automation?.config ?? created.body, config)
    }
    const role = await createRole('Foreign')
    for (const spell of FOREIGN)
      t.equal((await send(owner, 'PUT', `${space}/access`, { role_ids: [spell(role)] })).status, 400, spell(role))
  })

  t.test('of a query find what the usual spelling finds', async (t) => {
    const target = await createRole('Found')
    const list = async (query: string) => send(owner, 'GET', `${organization}/audit-log?${query}`)
    const usual = (await list(`actor_id=${owner.id}&target_id=${target}`)).text
    t.match(usual, target)
    for (const spell of SPELLINGS)
      t.equal((await list(`actor_id=${spell(owner.id)}&target_id=${spell(target)}`)).text, usual)
    for (const spell of FOREIGN) t.equal((await list(`target_id=${spell(target)}`)).status, 400, spell(target))
  })

  t.test('of a body in another spelling make the same request under an idempotency key', async (t) => {
    const role = await createRole('Repeated')
    const create = (id: string) =>
      send(
        owner,
        'POST',
        `${organization}/service-accounts`,
        { name: 'Ada', role_ids: [id] },
        { 'idempotency-key': 'k' },
      )
    const first = await create(role)
    for (const spell of SPELLINGS) t.equal((await create(spell(role))).text, first.text)
  })
})
