import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { migrate } from '../../db/migrate.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import { seal, verify } from '../../src/audit-chain.ts'
import { createExecutor } from '../../src/engine/executor.ts'
import { createCipher } from '../../src/secrets/cipher.ts'
import { rotate } from '../../src/secrets/rotation.ts'
import { openSecrets, openSlots } from '../../src/secrets/sealed.ts'
import { emptyApp, signIn } from '../support/app.ts'
import { emptyDatabase } from '../support/database.ts'

// A database as it was before migration 0006, written down by pg_dump: automations of every kind and status, with credentials, secrets,
// events and runs. Its secrets are encrypted with the key of all tests.
const DUMP = join(import.meta.dirname, 'before-0006.sql')

/** What it answered for these automations, by name. */
const DIGESTS: Record<string, string> = {
  'Requests anywhere': 'sha256:e188e9ce701096f894763b690b74040f71212334211ca2f6804edf63b26970ff',
  Requests: 'sha256:454960a653b93285a0987f8e4709fd9f2533e42a44013374c8c95ed47c03bb1c',
  Draft: 'sha256:a59e2eb9559a6aed201bb0c687b8de856955183bfd0881df70f4fb170a75cc66',
  Paused: 'sha256:df59b536656aaebd0086e1b444bf4d2761eba25a00526b8608c8bb7b454dc5f4',
  Rejected: 'sha256:a5e2516fcef89cbba089becbfc9e1b50ef8bbfe8f89faea2f4ecca2d9be0171b',
  Waiting: 'sha256:12f6ada85513a4ab82d3153c8eb17c1f333c10720f980de04dd13291ca243b3f',
  Proposed: 'sha256:7e694bfd1d9eafb9502a57b9f8326ed0d32ff1cd69533583ffd12071d21e0645',
  Hook: 'sha256:25e1017c087588df76daa58215463448c9a9813fef896e1a131214deb09c97c6',
  Credentials: 'sha256:35b06320db2530ba96ea796de92fcdc601256d16854b3bf412e9226b455e208b',
}

async function migratedApp(t: Test) {
  const database = await emptyDatabase(t)
  const client = new pg.Client(database.url)
  await client.connect()
  await client.query(await readFile(DUMP, 'utf8'))
  // What held for a day from when the dump was made holds for a day from now.
  await client.query(
    `update public.automation_secrets set valid_until = now() + interval '1 day' where valid_until is not null`,
  )
  await client.end()
  await migrate(database.db)
  const app = await emptyApp(t, {}, { database })
  const { rows } = await sql<{ organization_id: string; space_id: string; owner_user_id: string }>`
    select a.organization_id, a.space_id, a.owner_user_id from automation_revisions r
      join automations a on a.id = r.automation_id where r.name = 'Credentials' limit 1`.execute(database.db)
  const [first] = rows
  if (first === undefined) throw new Error('the dump has no automations')
  const { organization_id: organizationId, space_id: spaceId } = first
  const owner = await signIn(app, first.owner_user_id)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const { automations } = (await app.send(owner, 'GET', base)).body
  type Shown = { id: string; name: string; digest: string; [key: string]: unknown }
  const named = (name: string): Shown => automations.find((each: Shown) => each.name === name)
  return { ...app, organizationId, owner, base, automations: automations as Shown[], named }
}

t.test('a database from before there were named secrets', async (t) => {
  const on = await migratedApp(t)
  const { db, send, owner, base, organizationId, automations, named, cipher, jobsSent } = on
  const idOf = (name: string) => named(name).id
  const opened = async (name: string, versions: Record<string, number>) =>
    openSlots(cipher, await automationSecrets.listWanted(db, [{ organizationId, automationId: idOf(name), versions }]))
  const queue = {
    send: async (_trx: unknown, jobs: readonly (typeof jobsSent)[number][]) => void jobsSent.push(...jobs),
  }
  const execute = createExecutor({ ...on, queue, backoff: () => 0 })

  t.test('digests of all contents are what they were', async (t) => {
    t.same(Object.fromEntries(automations.map(({ name, digest }) => [name, digest])), DIGESTS)
  })

  t.test('chains of the audit log go on', async (t) => {
    const entries = async () =>
      (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/audit-log?limit=200`)).body.entries
    const before = await entries()
    t.ok(before.length > 10)
    const numbers = before.map(({ sequence }: { sequence: number }) => sequence)
    t.same(
      numbers,
      numbers.map((_: number, i: number) => numbers.length - i),
      'in the order of the chain',
    )
    await send(owner, 'PATCH', `${base}/${idOf('Draft')}`, { description: 'one more' })
    await seal(db)
    const [newest] = await entries()
    t.match(newest, { action: 'automation.updated', sequence: before.length + 1, previous_hash: before[0].hash })
    for await (const verdict of verify(db)) t.match(verdict, { unsealed: 0, broken: undefined })
  })

  t.test('what was decided is known of its revision', async (t) => {
    const decisionOf = async (name: string) => {
      const { reviewed_revision } = await db
        .selectFrom('automations')
        .select('reviewed_revision')
        .where('id', '=', idOf(name))
        .executeTakeFirstOrThrow()
      const path = `${base}/${idOf(name)}/revisions/${reviewed_revision}`
      return (await send(owner, 'GET', path)).body.revision.decision
    }
    const { rejection_reason, rejection, reviewed_by_user_id, reviewed_at } = named('Rejected')
    t.match(await decisionOf('Rejected'), {
      outcome: 'rejected',
      by: reviewed_by_user_id,
      reason: rejection_reason,
      code: (rejection as { code: string } | null)?.code ?? null,
    })
    t.ok(reviewed_at && rejection_reason)
  })

  t.test('credentials and secrets open as before', async (t) => {
    t.equal(named('Credentials').has_oauth_token, true)
    t.same(await opened('Credentials', { oauth: 2 }), { oauth: 'second token' })
    t.same(await opened('Proposed', { oauth: 1 }), { oauth: 'of the owner' })
    t.same(await opened('Draft', { oauth: 1 }), { oauth: 'of a draft' })
    t.same(await opened('Paused', { oauth: 1 }), {}, 'it was taken away')
    t.equal(named('Paused').has_oauth_token, false)
    const automationId = idOf('Credentials')
    const signing = await automationSecrets.list(db, { organizationId, automationId }, automationSecrets.SIGNING_SLOT)
    t.same(
      openSecrets(cipher, signing),
      [2, 1].map((byte) => `whsec_${Buffer.alloc(24, byte).toString('base64')}`),
    )
  })

  t.test('what was approved still runs, also what was queued and what a worker had', async (t) => {
    const id = idOf('Credentials')
    t.equal((await send(owner, 'POST', `${base}/${id}/run`)).status, 202)
    const { rows } = await sql<{ id: string }>`
      select id from automation_runs where automation_id = ${id} and status in ('queued', 'running')`.execute(db)
    t.equal(rows.length, 3)
    jobsSent.length = 0
    for (const { id: runId } of rows) await execute({ runId, organizationId, signal: new AbortController().signal })
    const { runs } = (await send(owner, 'GET', `${base}/${id}/runs`)).body
    t.same(
      runs.map(({ status }: { status: string }) => status),
      ['succeeded', 'succeeded', 'succeeded', 'succeeded'],
    )
  })

  t.test('a new credential follows, with the next version', async (t) => {
    const id = idOf('Credentials')
    t.equal((await send(owner, 'PATCH', `${base}/${id}`, { oauth_token: 'third token' })).status, 200)
    t.same(await opened('Credentials', { oauth: 3 }), { oauth: 'third token' })
    t.same(await opened('Credentials', { oauth: 2 }), {}, 'the one before is destroyed')
    await send(owner, 'PATCH', `${base}/${idOf('Paused')}`, { oauth_token: 'again' })
    t.same(await opened('Paused', { oauth: 3 }), { oauth: 'again' }, 'also where it had been taken away')
  })

  t.test('events come in at the same URL by the same secret, and what came is no news', async (t) => {
    const { trigger } = named('Hook') as { trigger: { url: string } } & ReturnType<typeof named>
    const deliver = (delivery: string) => {
      const signature = createHmac('sha256', 'a github secret').update('{"n":1}').digest('hex')
      return send(null, 'POST', new URL(trigger.url).pathname, '{"n":1}', {
        'x-hub-signature-256': `sha256=${signature}`,
        'x-github-delivery': delivery,
      })
    }
    t.match(await deliver('d1'), { status: 202, body: { duplicate: true } })
    t.match(await deliver('d2'), { status: 202, body: { duplicate: false } })
  })

  t.test('a change that waited is approved, unless the credential was changed since', async (t) => {
    const { id, pending_revision: pending } = named('Proposed') as ReturnType<typeof named> & {
      pending_revision: { digest: string }
    }
    const approve = (digest: string) => send(owner, 'POST', `${base}/${id}/approve`, { digest })
    t.match(await approve(pending.digest), {
      status: 200,
      body: { automation: { name: 'Proposed anew', has_oauth_token: true } },
    })
  })

  t.test('hosts that were sent to are known', async (t) => {
    const { rows } = await sql<{ name: string; sends_to: string[] }>`
      select name, sends_to from automation_revisions where name like 'Requests%' order by name`.execute(db)
    t.same(rows, [
      { name: 'Requests', sends_to: ['hooks.example.com:8443'] },
      { name: 'Requests anywhere', sends_to: [] },
    ])
  })

  t.test('a policy that let every kind lets every kind, and another one stays', async (t) => {
    const { rows } = await sql<{
      max_pending_per_service_account: number
      kinds_allowed_for_service_accounts: string[] | null
    }>`
      select max_pending_per_service_account, kinds_allowed_for_service_accounts from automation_policies
       order by max_pending_per_service_account`.execute(db)
    t.same(rows, [
      { max_pending_per_service_account: 7, kinds_allowed_for_service_accounts: null },
      { max_pending_per_service_account: 50, kinds_allowed_for_service_accounts: ['webhook'] },
    ])
  })

  t.test('keys are rotated, those of the old place too', async (t) => {
    const next = createCipher(
      new Map([
        ['k2', Buffer.alloc(32, 8)],
        ['k1', Buffer.alloc(32, 7)],
      ]),
    )
    for await (const { unreadable } of rotate(db, next)) t.equal(unreadable, 0)
    const wanted = { organizationId, automationId: idOf('Draft'), versions: { oauth: 1 } }
    const alone = createCipher(new Map([['k2', Buffer.alloc(32, 8)]]))
    t.same(openSlots(alone, await automationSecrets.listWanted(db, [wanted])), { oauth: 'of a draft' })
    const moved = (await automationSecrets.listWanted(db, [wanted])).map((secret) => ({
      ...secret,
      automation_id: organizationId,
    }))
    t.throws(() => openSlots(alone, moved), 'a ciphertext opens in its own row alone')
  })
})
