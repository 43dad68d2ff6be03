import { PgBoss } from 'pg-boss'
import t from 'tap'
import { type ClaimOptions, startClaiming } from '../../../src/runs/claims.ts'
import { testDatabase } from '../../support/database.ts'
import { until } from '../../support/until.ts'

type Data = { name: string }

t.test('taking jobs', async (t) => {
  const { url } = await testDatabase(t)
  const boss = new PgBoss({ connectionString: url, application_name: 'hyperspeed', max: 4, supervise: false })
  await boss.start()
  t.teardown(() => boss.stop({ graceful: false }))
  let queue = ''
  let seen: string[] = []
  let gates: Map<string, { open: () => void; signal: AbortSignal }>
  t.beforeEach(async (t) => {
    queue = t.name.replaceAll(/\W+/g, '-')
    seen = []
    gates = new Map()
    await boss.createQueue(queue, { retryLimit: 3, heartbeatSeconds: 10 })
  })
  const start = (more: Partial<ClaimOptions<Data>> = {}) => {
    const claims = startClaiming<Data>({
      boss,
      queue,
      concurrency: 4,
      perGroup: 2,
      heartbeatSeconds: 10,
      take: async ({ name }, signal) => {
        seen.push(name)
        if (!name.startsWith('slow')) return
        await new Promise<void>((open) => {
          gates.set(name, { open, signal })
          signal.addEventListener('abort', () => open())
        })
      },
      onError: (error) => t.fail(error.message),
      ...more,
    })
    t.teardown(claims.stop)
    return claims
  }
  const send = (names: readonly string[], group = 'one', rank: { priority?: number; tier?: string } = {}) =>
    boss.insert(
      queue,
      names.map((name) => ({
        data: { name },
        group: { id: group, ...(rank.tier && { tier: rank.tier }) },
        priority: rank.priority ?? 0,
      })),
    )
  const completed = async () => (await boss.findJobs(queue, {})).filter(({ state }) => state === 'completed').length

  t.test('one that is slow holds up no other', async (t) => {
    await send(['slow'])
    await send(
      Array.from({ length: 30 }, (_, i) => `quick ${i}`),
      'other',
    )
    const claims = start()
    await until(async () => (await completed()) === 30)
    gates.get('slow')?.open()
    await until(async () => (await completed()) === 31)
    t.equal(new Set(seen).size, 31, 'each was taken once')
    t.equal(seen.length, 31)
    await claims.stop()
  })

  t.test('one group has its share, and leaves room for another', async (t) => {
    await send(['slow 1', 'slow 2', 'slow 3', 'slow 4'])
    await send(['slow other'], 'other')
    const claims = start()
    await until(async () => seen.includes('slow other'))
    t.equal(seen.length, 3)
    // Which two of the four came first is not said.
    gates.get(seen.find((name) => name !== 'slow other') ?? '')?.open()
    await until(async () => seen.length === 4)
    for (const { open } of gates.values()) open()
    await until(async () => seen.length === 5)
    for (const { open } of gates.values()) open()
    await claims.stop()
    t.equal(await completed(), 5)
  })

  t.test('a group that fills its share hides none that waits behind it', async (t) => {
    await send(Array.from({ length: 20 }, (_, i) => `slow ${i}`))
    await send(['other'], 'other', { priority: -1 })
    let looks = 0
    const once = async (name: string, options: { ignoreGroups?: string[] }) => {
      const isNew = !options.ignoreGroups?.length
      return isNew && ++looks > 1 ? [] : boss.fetch<Data>(name, options)
    }
    const methods = { complete: boss.complete.bind(boss), fail: boss.fail.bind(boss), touch: boss.touch.bind(boss) }
    const claims = start({ perGroup: 1, boss: { ...methods, fetch: once as typeof boss.fetch } })
    await until(async () => seen.length === 2)
    t.same(seen.at(-1), 'other')
    for (const { open } of gates.values()) open()
    await claims.stop()
  })

  t.test('a tier of a group leaves room for the rest of it', async (t) => {
    await send(['slow 1', 'slow 2', 'slow 3', 'slow 4'], 'one', { tier: 'later', priority: -100 })
    const claims = start({ perGroup: { default: 3, tiers: { later: 2 } } })
    await until(async () => seen.length === 2)
    await send(['quick'], 'one', { tier: 'first' })
    claims.wake()
    await until(async () => (await completed()) === 1)
    t.equal(seen.length, 3)
    for (const { open } of gates.values()) open()
    await claims.stop()
  })

  t.test('one that is rejected comes back, and takes no other with it', async (t) => {
    await send(['a', 'b', 'c'])
    const errors: string[] = []
    const claims = start({
      perGroup: 4,
      take: async ({ name }) => {
        seen.push(name)
        if (name === 'b' && seen.filter((each) => each === 'b').length === 1) throw new Error('the database is away')
      },
      onError: ({ message }) => errors.push(message),
    })
    await until(async () => (await completed()) === 3)
    t.same(seen.toSorted(), ['a', 'b', 'b', 'c'])
    t.same(errors, ['the database is away'])
    await claims.stop()
  })

  t.test('one that was taken away is told so', async (t) => {
    await send(['slow'])
    const claims = start({ heartbeatSeconds: 0.1, perGroup: 1 })
    const gate = await until(async () => gates.get('slow'))
    const [job] = await boss.findJobs(queue, {})
    await boss.cancel(queue, job?.id ?? '')
    await until(async () => gate.signal.aborted)
    t.match(gate.signal.reason, { message: /another worker/ })
    await claims.stop()
  })

  t.test('a stop waits for what is under way, and takes nothing more', async (t) => {
    await send(['slow 1', 'slow 2', 'slow 3'])
    const claims = start()
    await until(async () => gates.size === 2)
    const stopped = claims.stop()
    for (const { open } of gates.values()) open()
    await stopped
    t.equal(await completed(), 2)
    t.equal(seen.length, 2)
  })

  t.test('what does not end after a stop is told to', async (t) => {
    await send(['slow'])
    const claims = start({ graceMs: 1 })
    const gate = await until(async () => gates.get('slow'))
    await claims.stop()
    t.match(gate.signal.reason, { message: 'the worker was stopped' })
    t.equal(await completed(), 1)
  })
})
