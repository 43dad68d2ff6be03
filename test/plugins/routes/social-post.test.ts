import t from 'tap'
import { createExecutor } from '../../../src/engine/executor.ts'
import { testApp } from '../../support/app.ts'
import { type Mood, startNetworks } from '../../support/networks.ts'

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
  const on = await testApp(t, {}, { egressAllow: [authority], social: { xBase: there, linkedInBase: there } })
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent, serviceAccount, log } = on
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const later: Date[] = []
  const queue = {
    send: async (_: unknown, jobs: readonly { startAfter?: Date }[]) => {
      for (const { startAfter } of jobs) if (startAfter !== undefined) later.push(startAfter)
    },
  }
  const execute = createExecutor({ db, queue, actions, kinds, cipher, backoff: () => 0 })
  const { signal } = new AbortController()
  const create = async (config: object, token: string | undefined = state.token) => {
    const body = { name: 'Posts', kind: 'social_post', config, status: 'active' }
    const { status, body: made } = await send(owner, 'POST', base, {
      ...body,
      ...(token === '' ? {} : { oauth_token: token }),
    })
    t.equal(status, 201, JSON.stringify(made))
    return made.automation.id as string
  }
  const run = (id: string, body?: object) => send(owner, 'POST', `${base}/${id}/run`, body)
  const post = async (id: string, body?: object) => {
    const { run: asked } = (await run(id, body)).body
    for (let job = jobsSent.shift(); job; job = jobsSent.shift()) await execute({ ...job, signal })
    return (await send(owner, 'GET', `${base}/${id}/runs/${asked.id}`)).body.run
  }
  const X = { default_text: 'Hello' }
  const LINKEDIN = { provider: 'linkedin', identifier: 'urn:li:person:abc', default_text: 'Hello' }
  const MASTODON = { provider: 'mastodon', instance_url: there, default_text: 'Hello' }
  t.beforeEach(() => {
    Object.assign(state, { mood: undefined, token: 'good-token-1234', maxCharacters: 500 })
    for (const list of [posts, received, later]) list.length = 0
  })

  t.test('each network is asked as it wants to be, and says what it calls the post', async (t) => {
    for (const [config, network, url] of [
      [X, 'x', /^https:\/\/x\.com\/i\/web\/status\/\d+$/],
      [LINKEDIN, 'linkedin', /^https:\/\/www\.linkedin\.com\/feed\/update\/urn%3Ali%3Ashare%3A\d+\/$/],
      [MASTODON, 'mastodon', /^https:\/\/mastodon\.example\/@ada\/\d+$/],
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
    const bluesky = await create({ provider: 'bluesky', default_text: 'Hello' })
    t.match(await run(bluesky), { status: 409, body: { code: 'run_not_implemented' } })
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
      [X, answers(401), /^X does not accept the token/, 'credential_rejected'],
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
    for (const config of [X, LINKEDIN, MASTODON])
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
    t.match(await post(nowhere), { status: 'queued', attempt: 1, sent_at: null })
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
    t.match(
      (await preview({ ...MASTODON, instance_url: `http://${authority}/other` })).warnings.join(),
      /can't be asked how long/,
    )
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
})
