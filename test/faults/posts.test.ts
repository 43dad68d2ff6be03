import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import { createExecutor } from '../../src/engine/executor.ts'
import { testApp } from '../support/app.ts'
import { BLUESKY, startNetworks } from '../support/networks.ts'
import type { Posting, Stage } from '../support/posting-process.ts'

// Two hundred processes start here, two at a time.
t.setTimeout(600_000)

const ROUNDS = 13
const STAGES: Stage[] = ['before it is noted', 'before it is sent', 'before its answer', 'before its end']
const PROCESS = join(import.meta.dirname, '../support/posting-process.ts')

t.test('200 workers are killed while they post, and nothing is posted twice', async (t) => {
  const networks = await startNetworks(t)
  const { posts, state, authority, base: there } = networks
  const on = await testApp(t, {}, { egressAllow: [authority], social: { xBase: there, linkedInBase: there } })
  const { send, owner, organizationId, spaceId, db, databaseUrl, actions, kinds, cipher, jobsSent } = on
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const execute = createExecutor({ db, queue: { send: async () => {} }, actions, kinds, cipher })
  const configs = {
    x: {},
    linkedin: { identifier: 'urn:li:person:abc' },
    mastodon: { instance_url: there },
    bluesky: { instance_url: there, identifier: BLUESKY.identifier },
  }
  const create = async (provider: string, config: object) => {
    const oauth_token = provider === 'bluesky' ? BLUESKY.password : state.token
    const body = { name: provider, kind: 'social_post', config: { provider, ...config }, status: 'active', oauth_token }
    return (await send(owner, 'POST', base, body)).body.automation.id as string
  }
  const automations = await Promise.all(
    Object.entries(configs).map(async ([network, config]) => ({ network, id: await create(network, config) })),
  )
  const knowsRepeats = (network: string) => network === 'mastodon' || network === 'bluesky'
  let kills = 0

  /** Has a run of a network killed at a stage, and another worker go on with it. */
  async function killed({ network, id }: { network: string; id: string }, stage: Stage, round: number): Promise<void> {
    const text = `${network} ${stage} ${round}`
    const { run } = (await send(owner, 'POST', `${base}/${id}/run`, { text })).body
    const [job] = jobsSent.splice(
      jobsSent.findIndex(({ runId }) => runId === run.id),
      1,
    )
    if (job === undefined) throw new Error('it has no job')
    const posting: Posting = { databaseUrl, base: there, egressAllow: [authority], job, stage }
    const child = spawn(process.execPath, [PROCESS, JSON.stringify(posting)], { stdio: 'inherit' })
    dying.set(text, () => child.kill('SIGKILL'))
    const [, signal] = await once(child, 'exit')
    t.equal(signal, 'SIGKILL', text)
    kills++
    await execute({ ...job, signal: new AbortController().signal })
    const ended = (await send(owner, 'GET', `${base}/${id}/runs/${run.id}`)).body.run
    const times = posts.filter((post) => post.text === text).length
    const isSure = stage === 'before it is noted' || knowsRepeats(network)
    t.match(ended, { status: isSure ? 'succeeded' : 'unknown', attempt: isSure ? 2 : 1 }, text)
    if (isSure) t.equal(times, 1, `${text}: once`)
    else t.equal(times, stage === 'before it is sent' ? 0 : 1, `${text}: once at the most`)
    if (ended.status === 'succeeded') t.equal(ended.external_ref, posts.find((post) => post.text === text)?.id)
    await db.updateTable('automation_runs').set({ finished_at: new Date() }).where('id', '=', run.id).execute()
  }

  /** By its text, what ends the worker of a post. */
  const dying = new Map<string, () => void>()
  networks.onTaken(({ text }) => {
    const isOfThem = text.includes('before its answer')
    const die = dying.get(text)
    dying.delete(text)
    if (isOfThem && die !== undefined) die()
    return isOfThem && die !== undefined
  })

  const waiting = Array.from({ length: ROUNDS }, (_, round) =>
    STAGES.flatMap((stage) => automations.map((automation) => () => killed(automation, stage, round))),
  ).flat()
  await Promise.all(
    [1, 2].map(async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await next()
    }),
  )
  t.ok(kills >= 200, `${kills} were killed`)
})
