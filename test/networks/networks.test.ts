import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createExecutor } from '../../src/engine/executor.ts'
import type { RunJob } from '../../src/runs/queue.ts'
import { testApp } from '../support/app.ts'
import { listening } from '../support/listening.ts'
import { startNetworks } from '../support/networks.ts'
import { passOn } from '../support/proxy.ts'

t.setTimeout(180_000)

type Server = { base: string; handle: string; did: string; accessJwt: string; appPassword: string }
// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
type Json = any

async function startBluesky(t: Test): Promise<Server> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bluesky.js')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const said = line.startsWith('{"base"') ? JSON.parse(line) : undefined
    if (said !== undefined) {
      child.stdout.resume()
      return said
    }
  }
  throw new Error('it did not start')
}

/** Stands before a server and counts what is asked. `cut` ends the next post's connection: before it is there, or its answer. */
async function startCutter(t: Test, target: string) {
  const state: { cut: 'request' | 'answer' | undefined; asked: string[] } = { cut: undefined, asked: [] }
  const server = createServer((incoming, answer) => {
    const { url = '' } = incoming
    state.asked.push(url.replace(/^.*\.|\?.*$/g, ''))
    const cut = url.endsWith('.putRecord') ? state.cut : undefined
    if (cut !== undefined) state.cut = undefined
    if (cut === 'request') return void incoming.socket.destroy()
    const cutAnswer = (response: IncomingMessage) => void response.resume().on('end', () => incoming.socket.destroy())
    passOn(incoming, answer, `${target}${url}`, cut === 'answer' ? cutAnswer : undefined)
  })
  const authority = `127.0.0.1:${await listening(t, server)}`
  return { state, authority, count: (name: string) => state.asked.filter((each) => each === name).length }
}

t.test('a real Bluesky server has each post once, whole, with few sessions', async (t) => {
  const bluesky = await startBluesky(t)
  const { state, authority, count } = await startCutter(t, bluesky.base)
  const on = await testApp(t, {}, { egressAllow: [authority] })
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent } = on
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const again: RunJob[] = []
  const queue = { send: async (_: unknown, jobs: readonly RunJob[]) => void again.push(...jobs) }
  const execute = createExecutor({ db, queue, actions, kinds, cipher, backoff: () => 0 })
  const { signal } = new AbortController()
  const create = async (oauth_token: string) => {
    const config = {
      provider: 'bluesky',
      instance_url: `http://${authority}`,
      identifier: bluesky.handle,
      language: 'en',
    }
    const body = { name: 'Posts', kind: 'social_post', config, status: 'active', oauth_token }
    return (await send(owner, 'POST', base, body)).body.automation.id as string
  }
  const post = async (id: string, text: string) => {
    const { run } = (await send(owner, 'POST', `${base}/${id}/run`, { text })).body
    const next = () => jobsSent.shift() ?? again.shift()
    for (let job = next(); job; job = next()) await execute({ ...job, signal })
    return (await send(owner, 'GET', `${base}/${id}/runs/${run.id}`)).body.run
  }
  const records = async (): Promise<Json[]> => {
    const all: Json[] = []
    for (let cursor = ''; ; ) {
      const query = `repo=${bluesky.did}&collection=app.bsky.feed.post&limit=100${cursor && `&cursor=${cursor}`}`
      const response = await fetch(`${bluesky.base}/xrpc/com.atproto.repo.listRecords?${query}`)
      const page: Json = await response.json()
      all.push(...page.records)
      if (page.cursor === undefined || page.records.length === 0) return all
      cursor = page.cursor
    }
  }
  const id = await create(bluesky.appPassword)

  const text = `é 👩‍👩‍👧‍👦 https://example.com/a?b=c (see) @${bluesky.handle} @nobody.test #tag`
  const first = await post(id, text)
  t.match(first, { status: 'succeeded', attempt: 1 })
  const [{ uri, value }] = await records()
  t.equal(uri, first.external_ref)
  t.match(value, { text, langs: ['en'], createdAt: first.created_at })
  const bytes = Buffer.from(text)
  const facets = value.facets.map(({ index, features }: Json) => [
    bytes.subarray(index.byteStart, index.byteEnd).toString(),
    features[0].uri ?? features[0].did ?? features[0].tag,
  ])
  t.same(facets, [
    ['https://example.com/a?b=c', 'https://example.com/a?b=c'],
    [`@${bluesky.handle}`, bluesky.did],
    ['#tag', 'tag'],
  ])

  t.comment('cut before it is there, and before its answer')
  for (const cut of ['request', 'answer'] as const) {
    state.cut = cut
    const done = await post(id, `cut: ${cut}`)
    t.match(done, { status: 'succeeded', attempt: 2 }, cut)
  }
  t.same((await records()).map((record) => record.value.text).sort(), [text, 'cut: answer', 'cut: request'].sort())

  t.comment('a hundred posts')
  for (let i = 0; i < 100; i++) t.equal((await post(id, `post ${i}`)).status, 'succeeded')
  t.equal((await records()).length, 103)
  t.equal(count('createSession'), 1, 'of one session')

  t.comment('its sessions are revoked, and then the app password')
  await db.updateTable('social_sessions').set({ tokens: null, generation: 7 }).execute()
  t.match(await post(id, 'a new session'), { status: 'succeeded', attempt: 1 })
  t.equal(count('createSession'), 2)
  const wrong = await create('wrong-app-password')
  t.match(await post(wrong, 'no'), { status: 'failed', output: { reason: 'credential_rejected' }, sent_at: null })

  t.comment('it takes no more sessions for a while')
  for (let i = 0; i < 40; i++) {
    const body = JSON.stringify({ identifier: bluesky.handle, password: bluesky.appPassword })
    const headers = { 'content-type': 'application/json' }
    const { status } = await fetch(`${bluesky.base}/xrpc/com.atproto.server.createSession`, {
      method: 'POST',
      headers,
      body,
    })
    if (status === 429) break
  }
  const other = await create(bluesky.appPassword)
  const { run } = (await send(owner, 'POST', `${base}/${other}/run`, { text: 'later' })).body
  const [job] = jobsSent.splice(0)
  if (job) await execute({ ...job, signal })
  const waiting = (await send(owner, 'GET', `${base}/${other}/runs/${run.id}`)).body.run
  t.match(waiting, {
    status: 'queued',
    error_message: /^Bluesky takes no more posts of this account until 20/,
    sent_at: null,
  })
  const [{ startAfter } = { startAfter: undefined }] = again.splice(0)
  t.ok(Number(startAfter) > Date.now() && Number(startAfter) < Date.now() + 310_000, 'and it is asked when it says so')
  t.match((await send(owner, 'GET', `${base}/${other}`)).body.automation, { credential_rejected_at: null })
})

t.test('the copies of X and Mastodon are such that the clients of others post to them', async (t) => {
  const { base, state, posts } = await startNetworks(t)
  for (const network of ['x', 'mastodon']) {
    const script = join(import.meta.dirname, 'clients.js')
    const { stdout } = await promisify(execFile)(process.execPath, [
      script,
      network,
      base,
      state.token,
      `from ${network}`,
    ])
    t.equal(stdout.trim(), posts.at(-1)?.id)
    t.match(posts.at(-1), { network, text: `from ${network}` })
  }
})
