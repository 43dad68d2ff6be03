import { connect } from 'node:net'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { until } from '../support/until.ts'
import { type Hook, makeHook, SENDERS, type Signed } from '../support/webhooks.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const BODY = JSON.stringify({ id: 'evt_1', event_id: 'Ev1', type: 'paid', amount: 1 })
/** Headers that may list several signatures. */
const LISTS = new Set(['webhook-signature', 'x-hub-signature-256', 'x-slack-signature', 'x-signature'])
const FORGED = BODY.replace('"amount":1', '"amount":9')

t.test('who can’t prove it gets nothing in, and learns nothing', async (t) => {
  const app = await testApp(t)
  const { send, owner, db, organizationId, spaceId } = app
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const unknown = (await send(null, 'POST', '/api/v1/hooks/wh_unknown', BODY)).text

  /** Like a hook that there is not, down to the last byte but the request's id. */
  function looksUnknown(t: Pick<Test, 'equal'>, { status, text }: { status: number; text: string }, what: string) {
    const without = (answer: string) => answer.replace(/"request_id":"[^"]+"/, '')
    t.equal(`${status} ${without(text)}`, `401 ${without(unknown)}`, what)
  }
  const count = async () => {
    const row = await db
      .selectFrom('webhook_events')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow()
    return Number(row.count)
  }

  for (const name of Object.keys(SENDERS) as Signed[]) {
    t.test(`${name}: forged, replayed, stale and misplaced`, async (t) => {
      const { config, secret } = SENDERS[name]
      const hook = await makeHook(app, { config, secret })
      const before = await count()
      const genuine = await SENDERS[name].sign(BODY)
      const refuse = async (what: string, headers: Record<string, string>, body = BODY) =>
        looksUnknown(t, await hook.post(body, { ...JSON_TYPE, ...headers }), `${name}: ${what}`)
      await refuse('unsigned', {})
      for (const [header, value] of Object.entries(genuine)) {
        if (/type|key|delivery|uuid|event$/.test(header)) continue
        await refuse(`empty ${header}`, { ...genuine, [header]: '' })
        await refuse(`changed ${header}`, { ...genuine, [header]: flip(value) })
        // Of a list of signatures one has to be right; anything else is there once.
        if (LISTS.has(header))
          t.match(await hook.post(BODY, { ...genuine, [header]: `${flip(value)}, ${value}` }), { status: 202 })
        else await refuse(`doubled ${header}`, { ...genuine, [header]: `${value}, ${value}` })
        await refuse(`cut ${header}`, { ...genuine, [header]: value.slice(0, -1) })
        await refuse(`longer ${header}`, { ...genuine, [header]: `${value}0` })
        const { [header]: _, ...others } = genuine
        await refuse(`without ${header}`, others)
      }
      await refuse('another secret', await SENDERS[name].sign(BODY, { secret: OTHERS[name] }))
      if (name !== 'token') {
        await refuse('another body', genuine, FORGED)
        await refuse('written anew', genuine, JSON.stringify(JSON.parse(BODY), null, 1))
        await refuse('with a byte more', genuine, `${BODY}\n`)
        await refuse('no body', genuine, '')
      }
      for (const header of LISTS)
        if (genuine[header] !== undefined) {
          const wrong = Array.from({ length: 3 }, (_, i) => flip(`${genuine[header]}`.replace(/.$/, `${i}`)))
          await refuse('several, all of them wrong', { ...genuine, [header]: wrong.join(' ') })
        }
      if (['standard_webhooks', 'stripe', 'slack'].includes(name)) {
        for (const seconds of [-301, 302]) {
          const at = new Date(Date.now() + seconds * 1000)
          await refuse(`${seconds} seconds off`, await SENDERS[name].sign(BODY, { at }))
        }
        const at = new Date(Date.now() - 290_000)
        t.equal((await hook.post(BODY, await SENDERS[name].sign(BODY, { at }))).status, 202, 'and not before that')
      } else t.equal((await hook.post(BODY, genuine)).status, 202)
      const again = await hook.post(BODY, genuine)
      t.equal(again.status, 202)
      for (const other of Object.keys(SENDERS) as Signed[])
        if (other !== name)
          await refuse(`as ${other}`, await SENDERS[other].sign(BODY, other === 'standard_webhooks' ? {} : { secret }))
      const kept = (await send(owner, 'GET', `${base}/${hook.id}/events`)).body.events.length
      t.equal(kept, (await count()) - before, 'nothing but what was genuine')
      t.ok(kept <= 2)
    })
  }

  t.test('the key that a secret that is none stands for signs nothing', async (t) => {
    // A secret of another scheme, which the owner left in place: decoded as base64 it might be empty.
    const hook = await makeHook(app, { config: { verification: 'slack' }, secret: '????????????' })
    await send(owner, 'PATCH', `${base}/${hook.id}`, { config: {} })
    const sign = SENDERS.standard_webhooks
    for (const secret of ['whsec_AAAA', 'whsec_????'])
      await sign.sign(BODY, { secret }).then(
        async (headers) => looksUnknown(t, await hook.post(BODY, headers), secret),
        () => t.pass('its own library refuses such a secret'),
      )
  })

  t.test('an id with a dot does not move the line between id, time and body', async (t) => {
    const hook = await makeHook(app, { secret: SENDERS.standard_webhooks.secret })
    const time = String(Math.floor(Date.now() / 1000))
    // Genuine: id "a", time, body "<time>.{}". The same text, read as id "a.<time>", time, body "{}".
    const genuine = await SENDERS.standard_webhooks.sign(`${time}.{}`, { id: 'a' })
    const moved = { ...genuine, 'webhook-id': `a.${genuine['webhook-timestamp']}`, 'webhook-timestamp': time }
    looksUnknown(t, await hook.post('{}', { ...JSON_TYPE, ...moved }), 'moved')
  })

  t.test('odd hook ids are unknown ones', async (t) => {
    for (const id of ['x', 'wh_', '%00', '%ff', "'--", '..%2f', 'wh_'.padEnd(199, 'a'), '%F0%9F%90%8E', '__proto__']) {
      const answer = await send(null, 'POST', `/api/v1/hooks/${id}`, BODY)
      if (id === '%ff') t.equal(answer.status, 400)
      else looksUnknown(t, answer, id)
    }
  })

  t.test('guesses are counted, and genuine events are not', async (t) => {
    const limited = await testApp(t, { rateLimit: 20 })
    const hook = await makeHook(limited, SENDERS.github)
    const post = async (to: Hook, headers: Record<string, string>) => (await to.post(BODY, headers)).status
    for (let i = 0; i < 40; i++) t.equal(await post(hook, await SENDERS.github.sign(BODY)), 202)
    const statuses = []
    for (let i = 0; i < 21; i++) statuses.push(await post(hook, JSON_TYPE))
    t.same(statuses, [...Array(20).fill(401), 429])
    t.equal(await post(hook, await SENDERS.github.sign(BODY)), 202, 'a flood of guesses keeps nobody out')
    const open = await makeHook(limited, { config: { verification: 'none' } })
    t.equal(await post(open, JSON_TYPE), 429, 'where nothing is proved, everything counts')
  })

  t.test('bodies that are announced and never come keep nobody out', async (t) => {
    const hook = await makeHook(app, SENDERS.github)
    const { port } = new URL(await app.app.listen({ host: '127.0.0.1', port: 0 }))
    const lengths = ['Content-Length: 26214400', 'Transfer-Encoding: chunked']
    const sockets = Array.from({ length: 128 }, (_, i) => {
      const head = [`POST ${hook.path} HTTP/1.1`, 'Host: x', 'Content-Type: text/plain', lengths[i % 2], '', '1\r\nx']
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
      socket.write(head.join('\r\n'))
      return socket
    })
    t.teardown(() => {
      for (const socket of sockets) socket.destroy()
    })
    const connections = promisify(app.app.server.getConnections.bind(app.app.server))
    await until(async () => (await connections()) === sockets.length)
    const url = `http://127.0.0.1:${port}${hook.path}`
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const headers = { ...JSON_TYPE, ...(await SENDERS.github.sign(BODY)) }
        return (await fetch(url, { method: 'POST', headers, body: BODY })).status
      }),
    )
    t.same(statuses, Array(40).fill(202))
  })

  t.test('AI staff can’t take the signature away from what runs', async (t) => {
    const staff = await app.serviceAccount(['files.read', 'files.write'])
    const hook = await makeHook(app, SENDERS.github)
    const sent = await send(staff, 'PATCH', `${base}/${hook.id}`, { config: { verification: 'none' } })
    t.match(sent.body.automation.pending_revision.config, { verification: 'none' })
    looksUnknown(t, await hook.post(BODY, JSON_TYPE), 'still signed')
    t.equal((await send(staff, 'POST', `${base}/${hook.id}/webhook/secret`)).body.code, 'people_only')
    t.equal((await send(staff, 'POST', `${base}/${hook.id}/signing-secret`)).body.code, 'people_only')
    t.match((await send(owner, 'GET', `${base}/${hook.id}/preview`)).body.preview.warnings, [/nothing is verified/])
  })

  t.test('no header that proves anything is kept', async (t) => {
    const hook = await makeHook(app, { config: { verification: 'none' } })
    const canary = 'canary-7f3e0a9f8b2d'
    const names = ['authorization', 'cookie', 'x-hub-signature', 'x-api-key', 'x-gitlab-token', 'proxy-authorization']
    const headers = Object.fromEntries([...names, 'x-client-secret', 'x-forwarded-for'].map((name) => [name, canary]))
    const { event_id } = (await hook.post('{}', { ...JSON_TYPE, ...headers, 'x-plain': 'kept' })).body
    const { text, body } = await send(owner, 'GET', `${base}/${hook.id}/events/${event_id}`)
    t.notMatch(text, canary)
    t.equal(body.event.headers['x-plain'], 'kept')
  })
})

const OTHERS: Record<Signed, string> = {
  standard_webhooks: `whsec_${'A'.repeat(43)}=`,
  github: 'another secret',
  stripe: 'another secret',
  slack: 'another secret',
  hmac: 'another secret',
  token: 'another secret',
}

/** Another character in the middle. */
function flip(text: string): string {
  const at = Math.floor(text.length / 2)
  return `${text.slice(0, at)}${text[at] === '5' ? '6' : '5'}${text.slice(at + 1)}`
}
