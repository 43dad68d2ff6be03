import { sql } from 'kysely'
import t from 'tap'
import { testApp } from '../../support/app.ts'

t.test('preview', async (t) => {
  const { send, owner, organizationId, spaceId, serviceAccount, person, db } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const ask = (body: object) => send(owner, 'POST', `${base}/preview`, body)

  t.test('shows when and what, by the clocks of the zone, and does nothing', async (t) => {
    const config = {
      cron: '0 9 * * *',
      timezone: 'Asia/Kolkata',
      channel: 'general',
      message: 'For {{ run.scheduled_for }}',
    }
    const { preview } = (await ask({ kind: 'scheduled', config })).body
    t.equal(preview.next_runs.length, 10)
    t.match(preview.next_runs[0].at_local, /T09:00:00\+05:30$/)
    t.equal(preview.action.text, `For ${preview.next_runs[0].at_utc}`)
    t.same(preview.problems, [])
    t.equal((await db.selectFrom('chat_messages').select('id').execute()).length, 0)
  })

  t.test('shows the request with its secrets masked', async (t) => {
    const action = {
      type: 'http_request',
      url: 'https://example.com/{{ automation.name }}',
      headers: { authorization: 'Bearer canary' },
    }
    const { text, body } = await ask({ kind: 'scheduled', config: { every: 'PT1H', action } })
    t.notMatch(text, /canary/)
    t.match(body.preview.action, { type: 'http_request', method: 'POST' })
  })

  t.test('warns of a host that nothing else sends to', async (t) => {
    const config = {
      every: 'PT1H',
      action: { type: 'http_request', url: 'https://hooks.example.com/a?b={{ run.id }}' },
    }
    const warning = /sends to hooks\.example\.com: first contact/
    const before = (await ask({ kind: 'scheduled', config })).body.preview
    t.ok(
      before.warnings.some((each: string) => warning.test(each)),
      before.warnings.join(),
    )
    const automation = { name: 'n', kind: 'scheduled', config, status: 'active' }
    const { id } = (await send(owner, 'POST', base, automation)).body.automation
    t.same((await ask({ kind: 'scheduled', config })).body.preview.warnings, [])
    const own = (await send(owner, 'GET', `${base}/${id}/preview`)).body.preview
    t.ok(
      own.warnings.some((each: string) => warning.test(each)),
      'itself is nobody else',
    )
  })

  t.test('says of which content it is: of what waits, or else of what runs', async (t) => {
    const staff = await serviceAccount(['files.read', 'files.write'])
    const config = { cron: '0 9 * * *', message: 'hi' }
    t.equal((await ask({ kind: 'scheduled', config })).body.digest, null, 'what is not saved has none')
    const automation = { name: 'n', kind: 'scheduled', config, status: 'active' }
    const { id, digest } = (await send(owner, 'POST', base, automation)).body.automation
    const digestOf = async () => (await send(owner, 'GET', `${base}/${id}/preview`)).body.digest
    t.equal(await digestOf(), digest)
    await send(staff, 'PATCH', `${base}/${id}`, { config: { ...config, message: 'other' } })
    const { pending_revision: pending } = (await send(owner, 'GET', `${base}/${id}`)).body.automation
    t.not(pending.digest, digest)
    t.equal(await digestOf(), pending.digest)
    await send(owner, 'POST', `${base}/${id}/reject`)
  })

  t.test('a hundred slow templates keep nobody waiting, and no transaction open', async (t) => {
    const staff = await serviceAccount(['files.read'])
    const slow = '{% for i in (1..100000) %}{% assign x = i %}{% endfor %}'
    const action = { type: 'http_request', url: 'https://example.com/', body: Array(100).fill(slow) }
    let isDone = false
    const previewed = send(staff, 'POST', `${base}/preview`, { kind: 'scheduled', config: { every: 'P1D', action } })
    const done = previewed.finally(() => {
      isDone = true
    })
    let others = 0
    let inTransaction = 0
    while (!isDone) {
      const { rows } = await sql<{ state: string }>`
        select state from pg_stat_activity where datname = current_database() and state like 'idle in %'
           and clock_timestamp() - xact_start > interval '500 milliseconds'`.execute(db)
      inTransaction += rows.length
      if (!isDone) others++
    }
    const { status, body } = await done
    t.equal(status, 200)
    t.match(body.preview.warnings, [/^the template \/body\/\d+ can't be filled in: .*takes too long$/])
    t.ok(others > 20, `meanwhile this process asked ${others} other questions`)
    t.equal(inTransaction, 0)
  })

  t.test('refuses more of templates than can be read in a moment', async (t) => {
    const action = {
      type: 'http_request',
      url: 'https://example.com/',
      body: Array(6).fill('{{ run.id }}'.repeat(800)),
    }
    const { preview } = (await ask({ kind: 'scheduled', config: { every: 'P1D', action } })).body
    t.match(preview.problems, [
      { path: '/config/action', message: 'all templates together must not be longer than 50000 characters' },
    ])
  })

  t.test('says where text stands that can not be stored', async (t) => {
    const config = { every: 'P1D', message: '{{ automation.name | split: "" | first }}{{ "AGE=" | base64_decode }}' }
    const { preview } = (await ask({ kind: 'scheduled', config })).body
    t.equal(preview.action.text, 'P\ufffda')
    t.match(preview.warnings, ["the template /text makes what can't be stored: U+FFFD stands in its place"])
    const action = { type: 'http_request', url: 'https://example.com/', body: { a: ['{{ "AGE=" | base64_decode }}'] } }
    const request = (await ask({ kind: 'scheduled', config: { every: 'P1D', action } })).body.preview
    t.same(request.action.body, { a: ['\ufffda'] })
    t.match(
      request.warnings.filter((each: string) => each.includes('stored')),
      [/^the template \/body\/a\/0 makes/],
    )
  })

  t.test('says what keeps a config from becoming active', async (t) => {
    const { status, body } = await ask({ kind: 'scheduled', config: { cron: '0 0 30 2 *' } })
    t.equal(status, 200)
    t.match(body.preview, { problems: [{ path: '/config/cron' }], action: null, next_runs: [] })
    t.match((await ask({ kind: 'scheduled' })).body.preview.problems.length > 0, true)
    t.match((await ask({ kind: 'reverse_tunnel', config: {} })).body.preview, {
      action: null,
      tunnel: { url: null, access: 'token', allowed_paths: null, allowed_networks: null },
      warnings: [],
    })
  })

  t.test(
    'a post on no network in particular is shown to be one on X, and its config stays as it was sent',
    async (t) => {
      const shown = /^no provider is named: it posts on x$/
      const config = { default_text: 'Hello' }
      t.match((await ask({ kind: 'social_post', config })).body.preview, { problems: [], warnings: [shown] })
      t.notMatch((await ask({ kind: 'social_post', config: { provider: 'mastodon' } })).body.preview.warnings, [shown])
      const staff = await serviceAccount(['files.read', 'files.write'])
      const proposed = (await send(staff, 'POST', base, { name: 'Post', kind: 'social_post', config })).body.automation
      t.match([proposed.config, proposed.problems], [config, []])
      const { reviews } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/reviews`)).body
      t.match(reviews[0], { automation_id: proposed.id, warnings: [shown] })
      const { automation } = (await send(owner, 'POST', `${base}/${proposed.id}/approve`)).body
      t.match(automation, { status: 'active', config, problems: [] })
      t.notOk('provider' in automation.config)
    },
  )

  t.test('of a stored one, what waits comes first', async (t) => {
    const staff = await serviceAccount(['files.read', 'files.write'])
    const { id } = (
      await send(owner, 'POST', base, {
        name: 'n',
        kind: 'scheduled',
        status: 'active',
        config: { cron: '0 9 * * *', message: 'old' },
      })
    ).body.automation
    const path = `${base}/${id}/preview`
    t.equal((await send(owner, 'GET', path)).body.preview.action.text, 'old')
    await send(staff, 'PATCH', `${base}/${id}`, { config: { cron: '* * * * *', message: 'new' } })
    const { preview } = (await send(owner, 'GET', path)).body
    t.equal(preview.action.text, 'new')
    t.match(preview.warnings, [/1440 times within a day/])
    t.equal((await send(owner, 'GET', `${base}/${organizationId}/preview`)).status, 404)
    t.equal((await send(await person(['chat.read']), 'GET', path)).status, 403)
  })
})
