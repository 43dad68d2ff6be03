import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Database } from '../../../db/client.ts'
import * as automationSecrets from '../../../db/queries/automation-secrets.ts'
import { type Cipher, createCipher } from '../../../src/secrets/cipher.ts'
import { rotate } from '../../../src/secrets/rotation.ts'
import { openSlots } from '../../../src/secrets/sealed.ts'
import { createAccounts } from '../../../src/social/accounts.ts'
import { createBluesky } from '../../../src/social/bluesky.ts'
import { testApp } from '../../support/app.ts'

/** The key of {@link testApp}, and one that is to follow it. */
const K1: [string, Buffer] = ['k1', Buffer.alloc(32, 7)]
const K2: [string, Buffer] = ['k2', Buffer.alloc(32, 8)]
const both = createCipher(new Map([K2, K1]))

async function rotateAll(db: Database, cipher: Cipher) {
  const all = []
  for await (const rotated of rotate(db, cipher)) all.push(rotated)
  return all
}

/** An account whose network gives a session once, and then no more. */
function account(db: Database, cipher: Cipher, organizationId: string, automationId: string) {
  const body = Buffer.from(JSON.stringify({ accessJwt: 'given', refreshJwt: 'next', did: 'did:plc:a' }))
  const egress = { request: async () => ({ status: 200, headers: {}, body, truncated: false }) }
  const key = { organizationId, automationId, version: 1 }
  const credential = { token: 'a' }
  return createAccounts({ db, cipher, egress }).open({ key, credential, provider: createBluesky(), config: {} })
}

/** Some automations with a credential, of which one was changed twice, and answers that were kept. */
async function filled(t: Test) {
  const on = await testApp(t)
  const base = `/api/v1/organizations/${on.organizationId}/spaces/${on.spaceId}/automations`
  const create = (name: string, headers = {}) =>
    on.send(on.owner, 'POST', base, { name, kind: 'webhook', oauth_token: `token of ${name}` }, headers)
  await create('a')
  const { id } = (await create('b', { 'idempotency-key': 'kept' })).body.automation
  for (const oauth_token of ['second', 'third']) await on.send(on.owner, 'PATCH', `${base}/${id}`, { oauth_token })
  await on.send(on.owner, 'POST', base, { name: 'none', kind: 'webhook' })
  for (let i = 0; i < 2; i++) await on.send(on.owner, 'POST', `${base}/${id}/webhook/secret`)
  await account(on.db, on.cipher, on.organizationId, id).session()
  const wanted = { organizationId: on.organizationId, automationId: id, versions: { oauth: 3 } }
  return { ...on, id, credential: () => automationSecrets.listWanted(on.db, [wanted]) }
}

t.test('what another key encrypted is encrypted with the first, and opens without the other', async (t) => {
  const { db, credential, organizationId, id } = await filled(t)
  const before = await db.selectFrom('automations').select(['id', 'version', 'updated_at']).orderBy('id').execute()
  t.same(await rotateAll(db, both), [
    { column: 'idempotency_keys.response', rewritten: 1, unreadable: 0 },
    { column: 'automation_secrets.ciphertext', rewritten: 4, unreadable: 0 },
    { column: 'social_sessions.tokens', rewritten: 1, unreadable: 0 },
  ])
  const alone = createCipher(new Map([K2]))
  t.same(openSlots(alone, await credential()), { oauth: 'third' })
  t.match(await account(db, alone, organizationId, id).session(), { access: 'given', refresh: 'next' })
  const { rows } = await sql<{ id: string; response: string }>`
    select encode(id, 'hex') as id, response from idempotency_keys`.execute(db)
  for (const row of rows)
    t.match(
      alone.decrypt(row.response, { table: 'idempotency_keys', id: row.id, column: 'response', version: 1 }),
      /"name\\?":\\?"b/,
    )
  t.same(
    await db.selectFrom('automations').select(['id', 'version', 'updated_at']).orderBy('id').execute(),
    before,
    'to everybody else nothing has changed',
  )
  t.same(
    (await rotateAll(db, both)).map(({ rewritten }) => rewritten),
    [0, 0, 0],
    'a second time there is nothing to do',
  )
})

t.test('what no key opens stays as it is and is counted', async (t) => {
  const { db, credential } = await filled(t)
  const before = await credential()
  t.same(
    (await rotateAll(db, createCipher(new Map([K2])))).map(({ unreadable }) => unreadable),
    [1, 4, 1],
  )
  t.same(await credential(), before)
})

t.test('one that is cut off goes on where it was', async (t) => {
  const { db } = await testApp(t)
  const k1 = createCipher(new Map([K1]))
  for (let i = 0; i < 450; i++) {
    const id = randomBytes(32)
    const place = { table: 'idempotency_keys', id: id.toString('hex'), column: 'response', version: 1 }
    const row = { id, request_hash: id, status: 200, response: k1.encrypt(`${i}`, place), expires_at: new Date(4e12) }
    await db.insertInto('idempotency_keys').values(row).execute()
  }
  let left = 300
  const encrypt: Cipher['encrypt'] = (...args) => {
    if (left-- === 0) throw new Error('cut off')
    return both.encrypt(...args)
  }
  await t.rejects(rotateAll(db, { ...both, encrypt }), { message: 'cut off' })
  t.same((await rotateAll(db, both)).at(0), { column: 'idempotency_keys.response', rewritten: 150, unreadable: 0 })
})
