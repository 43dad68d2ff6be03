import t from 'tap'
import { wireActions } from '../../../bin/actions.ts'
import type { SocialPostConfig as PostConfig } from '../../../schemas/kinds/social-post.ts'
import { createExecutor } from '../../../src/engine/executor.ts'
import type { RunJob } from '../../../src/runs/queue.ts'
import { SOCIAL_NETWORKS } from '../../../src/social/index.ts'
import { testApp } from '../../support/app.ts'
import { BLUESKY as ACCOUNT, type Mood, startNetworks, X_APP } from '../../support/networks.ts'

const CUT: Mood = ({ socket }) => void socket.destroy()
const TAKEN_AND_CUT: Mood = (request, _response, take) => {
  take()
  request.socket.destroy()
}
const answers =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Mood =>
  (_request, response) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))

t.test('posts on social networks', async (t) => {
  const networks = await startNetworks(t)
  const { posts, state, authority, base: there, received } = networks
  const { port } = new URL(there)
  const egressAllow = [authority, `localhost:${port}`]
  const on = await testApp(t, {}, { egressAllow, social: { xBase: there, linkedInBase: there } })
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent, serviceAccount, log } = on
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const later: Date[] = []
  /** What is tried again is due at once, where it is not to wait for longer. */
  const again: RunJob[] = []
  const queue = {
    send: async (_: unknown, jobs: readonly RunJob[]) => {
      for (const { startAfter } of jobs) if (startAfter !== undefined) later.push(startAfter)
      again.push(...jobs)
    },
  }
  const options = { db, queue, kinds, cipher, backoff: () => 0 }
  const execute = createExecutor({ ...options, actions })
  /** As one of another process. */
  const testExecutor = () => {
    const other = wireActions(db, cipher, { egressAllow, social: { ...SOCIAL_NETWORKS, xBase: there } })
    t.teardown(other.close)
    return createExecutor({ ...options, actions: other.actions })
  }
  const { signal } = new AbortController()
  const create = async (config: PostConfig, token?: string, more: object = {}) => {
    const body = { name: 'Posts', kind: 'social_post', config, status: 'active' }
    const oauth_token = token ?? (config.provider === 'bluesky' ? ACCOUNT.password : state.token)
    const { status, body: made } = await send(owner, 'POST', base, {
      ...body,
      ...(token === '' ? {} : { oauth_token }),
      ...more,
    })
    t.equal(status, 201, JSON.stringify(made))
    return made.automation.id as string
  }
  const run = (id: string, body?: object) => send(owner, 'POST', `${base}/${id}/run`, body)
  const post = async (id: string, body?: object) => {
    const { run: asked } = (await run(id, body)).body
    again.length = 0
    const next = () =>
      jobsSent.shift() ?? again.splice(0).find(({ startAfter = 0 }) => Number(startAfter) < Date.now() + 5000)
    for (let job = next(); job; job = next()) await execute({ ...job, signal })
    return (await send(owner, 'GET', `${base}/${id}/runs/${asked.id}`)).body.run
  }
  const X: PostConfig = { default_text: 'Hello' }
  const LINKEDIN: PostConfig = { provider: 'linkedin', identifier: 'urn:li:person:abc', default_text: 'Hello' }
  const MASTODON: PostConfig = { provider: 'mastodon', instance_url: there, default_text: 'Hello' }
  const BLUESKY: PostConfig = {
    provider: 'bluesky',
    instance_url: there,
    identifier: ACCOUNT.identifier,
    default_text: 'Hello',
  }
  /** The same server by a name that nobody has asked it by: what an instance says is known for an hour. */
  const strange = () =>
    `http://${[...'localhost'].map((c, i) => ((strangers >> i) & 1 ? c.toUpperCase() : c)).join('')}:${port}`
  let strangers = 0
  t.beforeEach(() => {
    strangers++
  })
  /** What makes a token of X one that can be renewed. */
  const refreshable = (oauth_refresh_token = state.refreshToken) => {
    return { oauth_refresh_token, oauth_client_id: X_APP.id, oauth_client_secret: X_APP.secret }
  }
  const show = async (id: string) => (await send(owner, 'GET', `${base}/${id}`)).body.automation
  t.beforeEach(() => {
    Object.assign(state, { mood: undefined, renewalMood: undefined, token: 'good-token-1234', maxCharacters: 500 })
    Object.assign(state, { refreshToken: 'refresh-token-1', version: '4.5.0' })
    Object.assign(state.sessions, { renewed: 0, created: 0, access: '', refresh: '' })
    for (const list of [posts, received, later]) list.length = 0
  })

  t.test('each network is asked as it wants to be, and says what it calls the post', async (t) => {
    for (const [config, network, url] of [
      [X, 'x', /^https:\/\/x\.com\/i\/web\/status\/\d+$/],
      [LINKEDIN, 'linkedin', /^https:\/\/www\.linkedin\.com\/feed\/update\/urn%3Ali%3Ashare%3A\d+\/$/],
      [MASTODON, 'mastodon', /^https:\/\/mastodon\.example\/@ada\/\d+$/],
      [BLUESKY, 'bluesky', /^https:\/\/bsky\.app\/profile\/did:plc:\w+\/post\/[2-7a-z]{13}$/],
    ] as const) {
      const done = await post(await create(config))
      t.match(posts, [{ network, text: 'Hello' }])
      t.match(done, { status: 'succeeded', external_ref: posts[0]?.id, error_message: null })
      t.match(done.output, { provider: network, url, text: 'Hello', length: 5 })
      posts.length = 0
    }
  })

  t.test('what a run brings is posted as it stands, and a config is a template', async (t) => {
    const id = await create({ default_text: 'Number {{ 20 | plus: 22 }} of {{ automation.name }}' })
    await post(id)
    await post(id, { text: '  {{ 1 }} (is) "this"\n' })
    t.same(
      posts.map(({ text }) => text),
      ['Number 42 of Posts', '{{ 1 }} (is) "this"'],
    )
    await post(await create(LINKEDIN), { text: 'a (b) @c #d *e* \\ f' })
    t.equal(posts.at(-1)?.text, 'a (b) @c #d *e* \\ f', 'whole, on LinkedIn too')
    await post(await create({ ...MASTODON, visibility: 'unlisted', language: 'en', spoiler_text: 'careful' }))
    const body = JSON.parse(received.at(-1)?.body ?? '')
    t.same(body, { status: 'Hello', visibility: 'unlisted', language: 'en', spoiler_text: 'careful' })
  })

  t.test('who asks is answered as the web app reads it', async (t) => {
    const id = await create(X)
    const asked = await run(id, { text: 'now' })
    t.match(asked, { status: 202, body: { run: { status: 'queued' }, tweet_id: '', error: null } })
    for (let job = jobsSent.shift(); job; job = jobsSent.shift()) await execute({ ...job, signal })
    t.match(await run(await create({})), {
      status: 400,
      body: { error: 'provide text in body or config.default_text' },
    })
    t.match(await run(await create(X, '')), {
      status: 400,
      body: { error: 'oauth token not configured; PATCH token first' },
    })
    for (const text of ['', 7, null]) t.equal((await run(id, { text: text as string })).status, 400)
    t.match(await post(id, { text: ' \n ' }), { status: 'failed', error_message: /^provide text/, sent_at: null })
  })

  t.test('what is too long for a network is refused when it is saved, shown and sent', async (t) => {
    const long = (config: object, text: string) =>
      send(owner, 'POST', base, { name: 'n', kind: 'social_post', config: { ...config, default_text: text } })
    t.match(await long(X, 'é'.repeat(281)), {
      status: 400,
      body: { details: [{ path: '/config/default_text', message: 'is longer than X takes: 281 of 280' }] },
    })
    t.match(await long(LINKEDIN, 'x'.repeat(3001)), { status: 400 })
    const id = await create({ default_text: '{{ "0123456789" | append: run.id | append: run.id | append: run.id }}' })
    t.equal((await post(id)).status, 'succeeded')
    const done = await post(id, { text: 'x'.repeat(281) })
    t.match(done, { status: 'failed', error_message: 'the text is longer than X takes: 281 of 280', sent_at: null })
    t.match(done.output, { length: 281, limit: 280 })
    state.maxCharacters = 3
    const instance = await create({ ...MASTODON, instance_url: `${there}/` })
    t.match(await post(instance), { status: 'succeeded' }, 'what an instance takes is known for an hour')
    t.equal(received.filter(({ url }) => url === '/api/v2/instance').length, 0)
  })

  t.test('every refusal proves that nothing was posted, and is told in the words of the network', async (t) => {
    const secret = 'good-token-1234'
    const cases: [config: object, mood: Mood, error: RegExp, reason: string][] = [
      [X, answers(401), /^X does not accept the credential: connect the account again/, 'credential_rejected'],
      [X, answers(402), /plan of the account/, 'payment_required'],
      [
        X,
        answers(403, { detail: 'You are not allowed to create a Tweet with duplicate content.' }),
        /duplicate content/,
        'duplicate',
      ],
      [X, answers(403, { detail: `no: ${secret}\n\u0000x` }), /^X answered 403: no: ••• x$/, 'refused'],
      [X, answers(302, '', { location: 'http://127.0.0.1:1/' }), /^X answered 302$/, 'refused'],
      [X, answers(400, '<html>'), /^X answered 400$/, 'refused'],
      [X, answers(400, { detail: 'x'.repeat(60_000) }), /^X answered 400: x{1024}$/, 'refused'],
      [LINKEDIN, answers(426), /LINKEDIN_VERSION takes a newer one/, 'version_retired'],
      [LINKEDIN, answers(422, { message: 'Content is a duplicate of urn:li:share:1' }), /duplicate of/, 'duplicate'],
      [MASTODON, answers(422, { error: 'Validation failed: Text is too long' }), /Text is too long/, 'refused'],
    ]
    for (const [config, mood, error, reason] of cases) {
      state.mood = mood
      const done = await post(await create(config))
      t.match(done, { status: 'failed', attempt: 1, error_message: error, sent_at: null, output: { reason } })
      t.notMatch(JSON.stringify(done), secret)
    }
    t.same(posts, [])
    t.notMatch(log.join(''), secret)
  })

  t.test('what may have arrived without an answer is unknown, and is not sent again', async (t) => {
    // Others that speak the language of Mastodon know no keys.
    for (const config of [X, LINKEDIN, { ...MASTODON, instance_url: `http://localhost:${port}` }])
      for (const mood of [
        CUT,
        TAKEN_AND_CUT,
        answers(500),
        answers(503),
        answers(200, 'what'),
        answers(200, { data: {} }),
      ]) {
        posts.length = 0
        received.length = 0
        state.version = '2.7.2 (compatible; Pleroma 2.6.0)'
        const id = await create(config)
        state.mood = mood
        const done = await post(id)
        t.match(done, { status: 'unknown', sent_at: String })
        t.equal(received.filter(({ method }) => method === 'POST').length, 1)
        const retried = await send(owner, 'POST', `${base}/${id}/runs/${done.id}/retry`)
        t.match(retried, { status: 409, body: { code: 'run_unresolved' } })
        const resolved = await send(owner, 'POST', `${base}/${id}/runs/${done.id}/resolve`, {
          outcome: 'happened',
          external_ref: '1234',
        })
        t.match(resolved.body.run, { status: 'succeeded', external_ref: '1234' })
      }
  })

  t.test('what a network says of a post is kept without secrets, and as it can be kept', async (t) => {
    const body = { id: 'a\u0000b', url: `https://mastodon.example/?t=${state.token}&x=\ud800${'y'.repeat(3000)}` }
    state.mood = answers(200, body)
    const done = await post(await create(MASTODON))
    t.match(done, { status: 'succeeded', external_ref: 'a\ufffdb' })
    t.match(done.output.url, /^https:\/\/mastodon\.example\/\?t=•••&x=\ufffdy+$/)
    t.equal(done.output.url.length, 1000)
  })

  t.test('a network that is reached by nobody, or wants less, is asked again later', async (t) => {
    const nowhere = await create({ ...MASTODON, instance_url: 'https://nobody.invalid' })
    t.match(await post(nowhere), { status: 'failed', attempt: 5, sent_at: null }, 'and proves that nothing was posted')
    const inMinutes = (minutes: number) => Math.round(((later.pop()?.getTime() ?? 0) - Date.now()) / 60_000) === minutes
    const soon = Math.floor(Date.now() / 1000) + 600
    for (const [headers, minutes] of [
      [{ 'x-rate-limit-reset': String(soon) }, 10],
      [{ 'x-ratelimit-reset': new Date(soon * 1000).toISOString() }, 10],
      [{ 'ratelimit-reset': String(soon) }, 10],
      [{ 'retry-after': '120' }, 2],
      [{}, 15],
    ] as const) {
      state.mood = answers(429, {}, headers)
      t.match(await post(await create(X)), { status: 'queued', sent_at: null })
      t.ok(inMinutes(minutes), `${JSON.stringify(headers)}: ${minutes} minutes`)
    }
    state.mood = answers(429, {}, { 'x-rate-limit-reset': String(soon + 7200) })
    const done = await post(await create(X))
    t.match(done, {
      status: 'failed',
      error_message: /^X takes no more posts .* until 20/,
      output: { reason: 'rate_limited' },
    })
  })

  t.test('a preview shows what would be sent, how long it is, and what to know of it', async (t) => {
    const preview = async (config: object) =>
      (await send(owner, 'POST', `${base}/preview`, { kind: 'social_post', config })).body.preview
    const shown = await preview({
      default_text: 'See https://example.com @ada',
      schedule: '0 9 * * MON',
      timezone: 'Europe/Berlin',
    })
    t.equal(shown.next_runs.length, 10)
    t.match(shown.action, {
      type: 'post',
      provider: 'x',
      text: 'See https://example.com @ada',
      length: 4 + 23 + 5,
      limit: 280,
      request: { method: 'POST', url: `${there}/2/tweets`, headers: { authorization: '•••' } },
    })
    t.match(
      shown.warnings.join('\n'),
      /no provider is named: it posts on x\n(?:.*\n)*.*link costs 13 times.*\n.*refuses mentions/,
    )
    t.match(
      (await preview({ ...MASTODON, default_text: '{{ event.body.text }}' })).warnings.join('\n'),
      /outsiders[\s\S]*not encrypted/,
    )
    state.version = undefined
    t.match((await preview({ ...MASTODON, instance_url: strange() })).warnings.join(), /can't be asked how long/)
    t.match((await preview({ provider: 'mastodon' })).problems, [{ path: '/config/instance_url' }])
    t.match((await preview({ provider: 'linkedin', identifier: 'ada' })).problems, [
      { path: '/config/identifier', message: /URN/ },
    ])
    t.match((await preview({ ...MASTODON, instance_url: 'http://10.0.0.1' })).problems, [
      { path: '/config/instance_url' },
    ])
    t.same(posts, [])
  })

  t.test('it is due by its schedule, and nobody makes up for what was missed', async (t) => {
    const id = await create({ ...X, schedule: '0 9 * * MON', timezone: 'Europe/Berlin' })
    const { next_run_at } = (await send(owner, 'GET', `${base}/${id}`)).body.automation
    t.match(new Date(next_run_at).toLocaleString('en-GB', { timeZone: 'Europe/Berlin' }), /, 09:00:00$/)
    const wrong = await send(owner, 'POST', base, {
      name: 'n',
      kind: 'social_post',
      config: { ...X, timezone: 'Nowhere/X', schedule: '0 9 * * *' },
    })
    t.match(wrong, { status: 400, body: { details: [{ path: '/config/timezone' }] } })
  })

  t.test('a credential goes nowhere but where it was set for', async (t) => {
    const staff = await serviceAccount(['files.read', 'files.write'])
    const credential = async (id: string) =>
      (await send(owner, 'GET', `${base}/${id}`)).body.automation.credential_version ?? null
    const id = await create(MASTODON)
    const elsewhere = { ...MASTODON, instance_url: 'https://elsewhere.example' }
    await send(staff, 'PATCH', `${base}/${id}`, { config: elsewhere })
    const { reviews } = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/reviews`)).body
    const { changes, digest } = reviews.find((each: { automation_id: string }) => each.automation_id === id)
    t.match(
      changes.map(({ path }: { path: string }) => path),
      ['/config/instance_url', '/credential_version'],
      'who decides sees that it is taken away',
    )
    t.equal((await send(owner, 'POST', `${base}/${id}/approve`, { digest })).status, 200)
    t.match(await run(id), { status: 400, body: { code: 'credential_missing' } })
    t.equal(await credential(id), null)

    const own = await create(MASTODON)
    for (const config of [
      { ...MASTODON, default_text: 'other' },
      { ...MASTODON, instance_url: `${there}/` },
    ]) {
      await send(owner, 'PATCH', `${base}/${own}`, { config })
      t.equal((await run(own)).status, 202, 'on the same server it stays')
    }
    jobsSent.length = 0
    await send(owner, 'PATCH', `${base}/${own}`, { config: X })
    t.equal((await run(own)).status, 400)
    await send(owner, 'PATCH', `${base}/${own}`, { config: MASTODON })
    t.equal((await run(own)).status, 400, 'and does not come back')
    await send(owner, 'PATCH', `${base}/${own}`, { config: elsewhere, oauth_token: 'another' })
    t.equal((await run(own)).status, 202, 'with a new one it goes on')
    jobsSent.length = 0
  })

  t.test('AI staff proposes posts and sets no credential, and no other config does what a post does', async (t) => {
    const staff = await serviceAccount(['files.read', 'files.write'])
    const proposal = { name: 'n', kind: 'social_post', config: X }
    t.equal((await send(staff, 'POST', base, { ...proposal, oauth_token: 'x' })).status, 403)
    t.equal((await send(staff, 'POST', base, proposal)).status, 201)
    const action = { type: 'post', config: X }
    const other = await send(owner, 'POST', base, { name: 'n', kind: 'scheduled', config: { every: 'P1D', action } })
    t.match(other, { status: 400, body: { details: [{ path: '/config/action/type' }] } })
  })

  t.test('a network that knows a repeat gets the same again, and has it once', async (t) => {
    for (const config of [MASTODON, BLUESKY])
      for (const mood of [TAKEN_AND_CUT, CUT, answers(500), answers(200, 'what')]) {
        posts.length = 0
        received.length = 0
        const id = await create({ ...config, default_text: 'Attempt {{ run.attempt }}' })
        state.mood = mood
        const done = await post(id)
        t.match(done, { status: 'succeeded', attempt: 2, external_ref: posts[0]?.id, error_message: null })
        t.match(posts, [{ text: 'Attempt 1' }], 'not what it would be by now')
        t.match(done.output, { text: 'Attempt 1' })
      }
  })

  t.test('what a network goes on failing at is unknown in the end, and so is a refusal after that', async (t) => {
    const fail = (): void => {
      state.mood = (...args) => {
        fail()
        answers(500)(...args)
      }
    }
    fail()
    t.match(await post(await create(MASTODON)), { status: 'unknown', attempt: 5, sent_at: String })
    state.mood = (...args) => {
      state.mood = answers(422, { error: 'no' })
      TAKEN_AND_CUT(...args)
    }
    const id = await create(MASTODON)
    const done = await post(id)
    t.match(done, { status: 'unknown', attempt: 2, error_message: /answered 422: no/ }, 'the first one may be there')
    t.equal((await send(owner, 'POST', `${base}/${id}/runs/${done.id}/cancel`)).status, 409)
  })

  t.test('a run that was sent and is taken over later than the network remembers it is unknown', async (t) => {
    const id = await create(MASTODON)
    const { run: asked } = (await run(id)).body
    const job = jobsSent.shift()
    state.mood = answers(500)
    if (job) await execute({ ...job, signal })
    await db
      .updateTable('automation_runs')
      .set({ repeatable_until: new Date(0) })
      .where('id', '=', asked.id)
      .execute()
    if (job) await execute({ ...job, signal })
    t.match((await send(owner, 'GET', `${base}/${id}/runs/${asked.id}`)).body.run, { status: 'unknown', attempt: 1 })
    t.equal(received.filter(({ method }) => method === 'POST').length, 1)
  })

  t.test('a run that was sent is unknown where it can not go on, whatever keeps it from that', async (t) => {
    const changes = [
      { oauth_token: null },
      { oauth_token: 'of-another-account' },
      { status: 'paused' },
      { config: { ...MASTODON, instance_url: 'https://other.example' } },
    ]
    for (const change of changes) {
      const id = await create(MASTODON)
      const { run: asked } = (await run(id)).body
      const job = jobsSent.shift()
      state.mood = TAKEN_AND_CUT
      if (job) await execute({ ...job, signal })
      t.equal((await send(owner, 'PATCH', `${base}/${id}`, change)).status, 200)
      if (job) await execute({ ...job, signal })
      const ended = (await send(owner, 'GET', `${base}/${id}/runs/${asked.id}`)).body.run
      t.match(ended, { status: 'unknown', sent_at: String, output: { text: 'Hello' } }, JSON.stringify(change))
    }
    t.equal(posts.length, changes.length)
  })

  t.test('Bluesky has links, mentions and tags where they are in bytes, and a language', async (t) => {
    const text = `é 🎉 https://example.com/x @${ACCOUNT.identifier} @nobody.example #tag`
    const done = await post(await create({ ...BLUESKY, language: 'en' }), { text })
    t.match(done, { status: 'succeeded', output: { text, length: [...text].length, limit: 300 } })
    const [{ record } = {}] = posts
    const { facets, langs, createdAt } = record as { facets: { index: object; features: object[] }[] } & Record<
      string,
      unknown
    >
    t.same(langs, ['en'])
    t.equal(createdAt, done.created_at)
    const bytes = Buffer.from(text)
    const said = facets.map(({ index, features }) => {
      const { byteStart, byteEnd } = index as { byteStart: number; byteEnd: number }
      return [bytes.subarray(byteStart, byteEnd).toString(), features[0]]
    })
    t.match(said, [
      ['https://example.com/x', { uri: 'https://example.com/x' }],
      [`@${ACCOUNT.identifier}`, { did: ACCOUNT.did }],
      ['#tag', { tag: 'tag' }],
    ])
  })

  t.test('a session of Bluesky is asked for once, renewed, and asked for again where it was revoked', async (t) => {
    const id = await create(BLUESKY)
    for (let i = 0; i < 3; i++) t.match(await post(id), { status: 'succeeded' })
    t.match(state.sessions, { created: 1, renewed: 0 })
    state.sessions.access = 'another'
    t.match(await post(id), { status: 'succeeded', attempt: 1 })
    t.match(state.sessions, { created: 1, renewed: 1 })
    Object.assign(state.sessions, { access: 'another', refresh: 'another' })
    t.match(await post(id), { status: 'succeeded', attempt: 1 })
    t.match(state.sessions, { created: 2, renewed: 1 })
    t.equal(posts.length, 5)

    const wrong = await create(BLUESKY, 'wrong-password')
    t.match(await post(wrong), { status: 'failed', output: { reason: 'credential_rejected' }, sent_at: null })
    t.equal(posts.length, 5)
  })

  t.test('50 posts with a token of X that is over renew it once, and nothing that was approved changes', async (t) => {
    const more = refreshable()
    const id = await create(X, 'expired-token-1234', more)
    const { digest } = await show(id)
    const asked = await Promise.all(Array.from({ length: 50 }, (_, i) => run(id, { text: `post ${i}` })))
    t.ok(asked.every(({ status }) => status === 202))
    await Promise.all(jobsSent.splice(0).map((job) => execute({ ...job, signal })))
    t.equal(new Set(posts.map(({ text }) => text)).size, 50)
    t.equal(posts.length, 50)
    t.equal(state.sessions.renewed, 1)
    t.match(await show(id), { digest, approved_digest: digest, status: 'active', credential_rejected_at: null })

    // Another process, which knows nothing of this one's renewals.
    state.token = 'another'
    const others = Array.from({ length: 4 }, () => testExecutor())
    await Promise.all(Array.from({ length: 12 }, (_, i) => run(id, { text: `again ${i}` })))
    await Promise.all(jobsSent.splice(0).map((job, i) => others[i % 4]?.({ ...job, signal })))
    t.equal(posts.length, 62)
    t.equal(state.sessions.renewed, 2)
    const stored = JSON.stringify(await db.selectFrom('social_sessions').selectAll().execute())
    t.notMatch(stored, /renewed-(?:token|refresh)/)
  })

  t.test('a credential that is definitely refused is not sent again until people set another', async (t) => {
    const more = refreshable('used-up-refresh')
    const refused: [config: PostConfig, more: object][] = [
      [X, {}],
      [X, more],
      [LINKEDIN, {}],
      [MASTODON, {}],
      [BLUESKY, {}],
    ]
    for (const [config, given] of refused) {
      const id = await create(config, 'revoked-token-1234', given)
      t.match(await post(id), {
        status: 'failed',
        attempt: 1,
        sent_at: null,
        output: { reason: 'credential_rejected' },
      })
      t.match(await show(id), {
        credential_rejected_at: String,
        last_error: /connect the account again/,
        status: 'active',
      })
      received.length = 0
      t.match(await post(id), { status: 'failed', output: { reason: 'credential_rejected' } })
      t.equal(received.filter(({ method }) => method === 'POST').length, 0, 'nobody is asked')
      const oauth_token = config === BLUESKY ? ACCOUNT.password : state.token
      await send(owner, 'PATCH', `${base}/${id}`, { oauth_token })
      t.match(await show(id), { credential_rejected_at: null })
      t.match(await post(id), { status: 'succeeded' })
    }
    t.notMatch(log.join(''), /revoked-token|used-up|client\+secret/)
  })

  t.test('a renewal that fails for now rejects nothing, and is tried again', async (t) => {
    const more = refreshable()
    for (const [config, token, given] of [
      [X, 'expired-token-1234', more],
      [BLUESKY, ACCOUNT.password, {}],
    ] as const)
      for (const mood of [
        answers(500),
        answers(503, '<html>'),
        CUT,
        answers(200, 'what'),
        answers(429, {}, { 'retry-after': '1' }),
      ]) {
        const id = await create(config, token, given)
        state.renewalMood = mood
        t.match(await post(id), { status: 'succeeded', attempt: 2 }, JSON.stringify(config))
        t.match(await show(id), { credential_rejected_at: null })
        Object.assign(state, { refreshToken: 'refresh-token-1' })
      }
  })

  t.test('a refresh token that the network does not replace is used again', async (t) => {
    const more = refreshable()
    state.keepsRefreshToken = true
    const id = await create(X, 'expired-token-1234', more)
    for (const count of [1, 2, 3]) {
      state.token = 'another'
      t.match(await post(id), { status: 'succeeded', attempt: 1 })
      t.equal(state.sessions.renewed, count)
    }
    state.keepsRefreshToken = false
  })

  t.test('whoever dies while renewing is waited for, and then another goes on', async (t) => {
    const more = refreshable()
    const id = await create(X, 'expired-token-1234', more)
    const lease = { lease: '00000000-0000-4000-8000-000000000000', leased_until: new Date(Date.now() + 1500) }
    const row = { organization_id: organizationId, automation_id: id, version: 1, id: lease.lease, ...lease }
    await db.insertInto('social_sessions').values(row).execute()
    t.match(await post(id), { status: 'succeeded', attempt: 1 })
    t.equal(state.sessions.renewed, 1)
    // The network has given a new token, and its receiver died: the refresh token is used up.
    state.token = 'another'
    state.refreshToken = 'another'
    t.match(await post(id), { status: 'failed', output: { reason: 'credential_rejected' } })
  })

  t.test('a credential is set as a whole, by people', async (t) => {
    const staff = await serviceAccount(['files.read', 'files.write'])
    const id = await create(X)
    for (const field of ['oauth_refresh_token', 'oauth_client_id', 'oauth_client_secret']) {
      const refused = await send(owner, 'PATCH', `${base}/${id}`, { [field]: 'value-1234' })
      t.match(refused, { status: 400, body: { details: [{ path: `/${field}`, message: 'is set with oauth_token' }] } })
      const made = { name: 'n', kind: 'social_post', config: X, [field]: 'value-1234' }
      t.equal((await send(owner, 'POST', base, made)).status, 400)
      t.match(await send(staff, 'POST', base, made), { status: 403, body: { code: 'service_account_oauth_token' } })
      t.equal((await send(staff, 'PATCH', `${base}/${id}`, { [field]: null })).status, 403)
    }
    const { digest } = await show(id)
    const canary = {
      oauth_token: 'canary-1111',
      oauth_refresh_token: 'canary-2222',
      oauth_client_secret: 'canary-3333',
    }
    const set = await send(owner, 'PATCH', `${base}/${id}`, { ...canary, oauth_client_id: 'canary-4444' })
    t.equal(set.status, 200)
    t.not(set.body.automation.digest, digest, 'another credential is another content')
    const audit = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/audit-log`)).body
    const all = JSON.stringify([set.body, audit, (await send(owner, 'GET', `${base}/${id}/revisions`)).body])
    t.notMatch(all + log.join(''), /canary/)
    const cleared = await send(owner, 'PATCH', `${base}/${id}`, { oauth_token: null, oauth_refresh_token: null })
    t.match(cleared.body.automation, { has_oauth_token: false })
    t.same(await db.selectFrom('social_sessions').selectAll().where('automation_id', '=', id).execute(), [])
  })

  t.test('another automation posts by one that a person let run, and only then', async (t) => {
    const through = await create({ ...X, default_text: 'From {{ automation.name }}' })
    const scheduled = async (automation_id: string, text?: string) => {
      const action = { type: 'social_post', automation_id, ...(text === undefined ? {} : { text }) }
      const body = { name: 'Other', kind: 'scheduled', config: { cron: '0 9 * * *', action }, status: 'active' }
      return (await send(owner, 'POST', base, body)).body.automation.id as string
    }
    const id = await scheduled(through, 'Says {{ automation.name | upcase }}')
    t.match(await post(id), {
      status: 'succeeded',
      external_ref: String,
      output: { provider: 'x', text: 'Says OTHER' },
    })
    t.match(await post(await scheduled(through)), { output: { text: 'From Other' } })
    t.equal(posts.length, 2)
    const { preview } = (await send(owner, 'GET', `${base}/${id}/preview`)).body
    t.match(preview.action, { type: 'social_post', automation_id: through, text: 'Says OTHER', length: 10, limit: 280 })

    await send(owner, 'PATCH', `${base}/${through}`, { status: 'paused' })
    t.match(await post(id), { status: 'failed', error_message: /by which it posts can't be used: it is paused/ })
    const toots = await create(MASTODON)
    const asked = (await run(await scheduled(toots, 'Attempt {{ run.attempt }}'))).body.run
    const job = jobsSent.shift()
    state.mood = TAKEN_AND_CUT
    if (job) await execute({ ...job, signal })
    await send(owner, 'PATCH', `${base}/${toots}`, { oauth_token: 'of-another-account' })
    if (job) await execute({ ...job, signal })
    const rows = db.selectFrom('automation_runs').selectAll().where('id', '=', asked.id)
    t.match(await rows.executeTakeFirst(), {
      status: 'unknown',
      error_message: /was changed while it was tried again$/,
    })
    posts.length = 2
    const shown = (await send(owner, 'GET', `${base}/${id}/preview`)).body.preview
    t.match(shown.warnings, [/a run would fail: .* it is paused/])
    const stranger = '00000000-0000-7000-8000-000000000001'
    t.match(await post(await scheduled(stranger)), { status: 'failed', error_message: /it is not in this space/ })
    t.match(await post(await scheduled(id)), { status: 'failed', error_message: /it does not post/ })
    const staff = await serviceAccount(['files.read', 'files.write'])
    const proposal = (await send(staff, 'POST', base, { name: 'n', kind: 'social_post', config: X })).body.automation
    t.match(await post(await scheduled(proposal.id)), { error_message: /it is pending_approval/ })
    t.equal(posts.length, 2)
  })

  t.test('whatever a network answers, nothing is posted twice and nothing secret is kept', async (t) => {
    const canaries = {
      oauth_token: 'canary-token-1111',
      oauth_refresh_token: 'canary-refresh-2222',
      oauth_client_id: X_APP.id,
      oauth_client_secret: 'canary+client/3333',
    }
    let secrets = () => Object.values(canaries).filter((value) => value.startsWith('canary'))
    const spelled = (value: string) => [value, encodeURIComponent(value), Buffer.from(value).toString('base64')]
    /** Says all that it was sent, in its body and in its headers. */
    const echo =
      (status: number): Mood =>
      ({ headers }, response) => {
        const said = `${JSON.stringify(headers)} ${received.at(-1)?.body} ${secrets().flatMap(spelled).join(' ')}`
        const body = { detail: said, message: said, error: said, title: said, id: said, url: said, data: { id: said } }
        response.writeHead(status, { 'x-restli-id': `urn:li:share:${secrets().join(':')}` }).end(JSON.stringify(body))
      }
    const half: Mood = (request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"data": {"id"')
      setTimeout(() => request.socket.destroy(), 50)
    }
    const moods: [mood: Mood, status: RegExp][] = [
      [echo(200), /^succeeded$/],
      [echo(400), /^failed$/],
      [echo(403), /^failed$/],
      [echo(500), /^(?:unknown|succeeded)$/],
      [half, /^(?:unknown|succeeded)$/],
      [answers(200, 'x'.repeat(10_000_000)), /^(?:unknown|succeeded)$/],
      [answers(301, '', { location: `${there}/elsewhere` }), /^failed$/],
      [answers(200, '<html>'), /^(?:unknown|succeeded)$/],
    ]
    for (const config of [X, LINKEDIN, MASTODON, BLUESKY])
      for (const [mood, status] of moods) {
        const { sessions } = state
        if (config === BLUESKY) secrets = () => [ACCOUNT.password, sessions.access, sessions.refresh]
        posts.length = 0
        Object.assign(state, { token: canaries.oauth_token })
        const id = await create(config, undefined, config === BLUESKY ? {} : canaries)
        state.mood = mood
        const done = await post(id)
        t.match(done.status, status, JSON.stringify([config.provider, String(status), done.error_message]))
        t.ok(posts.length <= 1)
        const shown = [done, await show(id), (await send(owner, 'GET', `${base}/${id}/runs`)).body]
        t.notMatch(JSON.stringify(shown), /canary|(?:access|refresh)-jwt|app-pass-word|Y2FuYXJ5|YXBwLXBhc3M/)
      }
    secrets = () => Object.values(canaries).filter((value) => value.startsWith('canary'))
    for (const mood of [echo(400), echo(403), echo(500)]) {
      const id = await create(X, undefined, { ...canaries, oauth_token: 'canary-expired-4444' })
      state.token = 'another'
      state.renewalMood = mood
      t.notMatch(JSON.stringify([await post(id), await show(id)]), /canary/)
    }
    const audit = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/audit-log?limit=200`)).body
    t.notMatch(JSON.stringify(audit) + log.join(''), /canary|access-jwt|app-pass-word/)
  })

  t.test('texts that can not be posted are refused with a sentence, and none takes long to measure', async (t) => {
    for (const config of [X, LINKEDIN, MASTODON, BLUESKY]) {
      const id = await create(config)
      const long = await post(id, { text: 'http://a.b/ 中🎉 @c '.repeat(800).slice(0, 10_000) })
      t.match(long, {
        status: 'failed',
        error_message: /^the text is longer than \w+ takes: \d+ of \d+$/,
        sent_at: null,
      })
      t.match(long.output, { reason: 'too_long', length: Number, limit: Number })
      for (const text of ['a\0b', 'a\ud800b', 'x'.repeat(10_001)])
        t.match(
          await run(id, { text }),
          { status: 400, body: { code: /^invalid_(?:request|text)$|unstorable/ } },
          text.slice(0, 5),
        )
    }
    t.same(posts, [])
  })

  t.test('a preview warns of what runs out, and of how often a schedule posts', async (t) => {
    const id = await create({ ...LINKEDIN, schedule: '0 9 * * *' })
    const shown = async () => (await send(owner, 'GET', `${base}/${id}/preview`)).body.preview.warnings.join('\n')
    t.match(await shown(), /it posts about 30 times a month/)
    t.notMatch(await shown(), /live for 60/)
    const setAt = new Date(Date.now() - 51 * 86_400_000)
    await db.updateTable('automation_secrets').set({ created_at: setAt }).where('automation_id', '=', id).execute()
    t.match(await shown(), /the token was set more than 50 days ago: those of LinkedIn live for 60/)
  })

  t.test('a post that stands there with another text is told without secrets, as it can be kept', async (t) => {
    const id = await create(BLUESKY)
    state.mood = (_request, response) => {
      const { rkey, record } = JSON.parse(received.at(-1)?.body ?? '')
      const text = `leak ${ACCOUNT.password} ${state.sessions.access} ${state.sessions.refresh} a\0b\ud83d`
      const uri = `at://${ACCOUNT.did}/app.bsky.feed.post/${rkey}`
      posts.push({ network: 'bluesky', id: uri, text, key: rkey, record: { ...record, text } })
      response.writeHead(400).end(JSON.stringify({ error: 'InvalidSwap', message: 'Record was at bafy' }))
    }
    const done = await post(id)
    t.match(done, { status: 'succeeded', attempt: 1, output: { text: /^leak ••• ••• ••• a\ufffdb\ufffd$/ } })
  })

  t.test('a session is that of the account that the config names', async (t) => {
    const id = await create(BLUESKY)
    t.match(await post(id), { status: 'succeeded' })
    await send(owner, 'PATCH', `${base}/${id}`, { config: { ...BLUESKY, identifier: 'bob.bsky.social' } })
    t.match(await post(id), { status: 'failed', output: { reason: 'credential_rejected' } })
    t.equal(posts.length, 1)
  })

  t.test('nothing stands behind the host of a server, and a credential is not for another scheme', async (t) => {
    for (const path of ['/x', '/?d=', '/#', '?d=1', '//'])
      t.match(
        await send(owner, 'POST', base, {
          name: 'n',
          kind: 'social_post',
          config: { ...MASTODON, instance_url: `${there}${path}` },
        }),
        { status: 400, body: { details: [{ path: '/config/instance_url' }] } },
        path,
      )
    const id = await create({ ...MASTODON, instance_url: 'https://mastodon.example' })
    await send(owner, 'PATCH', `${base}/${id}`, { config: { ...MASTODON, instance_url: 'http://mastodon.example' } })
    t.match(await show(id), { has_oauth_token: false })
  })

  t.test('what AI staff previews asks nobody', async (t) => {
    const staff = await serviceAccount(['files.read', 'files.write'])
    const config = { ...MASTODON, instance_url: strange() }
    const { preview } = (await send(staff, 'POST', `${base}/preview`, { kind: 'social_post', config })).body
    t.match(preview.warnings.join(), /is asked how long a post may be when a person looks/)
    t.same(received, [])
  })

  t.test('an automation that is paused while another is about to post by it is not posted by', async (t) => {
    const through = await create({ ...MASTODON, instance_url: strange() })
    const action = { type: 'social_post', automation_id: through }
    const body = { name: 'Other', kind: 'scheduled', config: { cron: '0 9 * * *', action }, status: 'active' }
    const { id } = (await send(owner, 'POST', base, body)).body.automation
    state.beforeInstance = () => send(owner, 'PATCH', `${base}/${through}`, { status: 'paused' })
    t.match(await post(id), { status: 'failed', error_message: /it is paused/, sent_at: null })
    state.beforeInstance = undefined
    t.same(posts, [])
  })
})
