import t from 'tap'
import { gather } from '../../db/gather.ts'

t.test('what comes in while a batch is under way is the next batch', async (t) => {
  const batches: number[][] = []
  let release = (): void => {}
  const double = gather<number, number>(
    async (items) => {
      batches.push([...items])
      if (batches.length === 1) await new Promise<void>((resolve) => (release = resolve))
      return items.map((item) => item * 2)
    },
    { most: 3 },
  )
  const first = [double(1), double(2)]
  while (batches.length === 0) await new Promise(setImmediate)
  const later = [3, 4, 5, 6].map(double)
  release()
  t.same(await Promise.all([...first, ...later]), [2, 4, 6, 8, 10, 12])
  t.same(batches, [[1, 2], [3, 4, 5], [6]])
  t.equal(await double(7), 14)
})

t.test('the next batch is on its way to the database before the results of the last are given out', async (t) => {
  const log: string[] = []
  const work = gather<number, number>(
    async (items) => {
      await undefined // as much as stands between a batch and its statement
      setImmediate(() => log.push(`sent ${items}`)) // as the connection writes it
      await new Promise((resolve) => setTimeout(resolve, 10))
      return items
    },
    { most: 1 },
  )
  await Promise.all([1, 2].map((item) => work(item).then(() => log.push(`given ${item}`))))
  t.same(log, ['sent 1', 'sent 2', 'given 1', 'given 2'])
})

t.test('who waits goes all the same after a time, however long a batch takes', async (t) => {
  let release = (): void => {}
  const work = gather<number, number>(
    async (items) => {
      if (items.includes(1)) await new Promise<void>((resolve) => (release = resolve))
      return items
    },
    { most: 2, patience: 5 },
  )
  const slow = work(1)
  await new Promise((resolve) => setTimeout(resolve, 1))
  t.same(await Promise.all([2, 3, 4].map(work)), [2, 3, 4])
  t.equal(await work(5), 5)
  release()
  t.equal(await slow, 1)
})

t.test('one that fails takes no other with it', async (t) => {
  const work = gather<number, number>(
    async (items) => {
      if (items.includes(2)) throw new Error('two')
      return items
    },
    { most: 10 },
  )
  const results = await Promise.allSettled([work(1), work(2), work(3)])
  t.match(results, [{ value: 1 }, { reason: { message: 'two' } }, { value: 3 }])
})

t.test('of one key only one is in a batch, and all keep their order', async (t) => {
  const batches: string[][] = []
  const work = gather<string, string>(
    async (items) => {
      batches.push([...items])
      return items
    },
    { most: 10, key: (item) => item.slice(0, 1) },
  )
  const items = ['a1', 'a2', 'b1', 'a3']
  t.same(await Promise.all(items.map(work)), items)
  t.same(batches, [['a1', 'b1'], ['a2'], ['a3']])
})

t.test('a batch is no heavier than it may be, unless it is one item', async (t) => {
  const batches: number[][] = []
  const work = gather<number, number>(
    async (items) => {
      batches.push([...items])
      return items
    },
    { most: 10, mostWeight: 5, weigh: (item) => item },
  )
  await Promise.all([9, 2, 3, 1, 4].map(work))
  t.same(batches, [[9], [2, 3], [1, 4]])
})

t.test('so many batches are under way at once, and no more', async (t) => {
  let underWay = 0
  let most = 0
  const work = gather<number, number>(
    async (items) => {
      most = Math.max(most, ++underWay)
      await new Promise(setImmediate)
      underWay--
      return items
    },
    { most: 1, concurrency: 2 },
  )
  t.same(await Promise.all([1, 2, 3, 4, 5].map(work)), [1, 2, 3, 4, 5])
  t.equal(most, 2)
})

t.test('after an error that is final nothing is done one by one', async (t) => {
  let calls = 0
  const work = gather<number, number>(
    async () => {
      calls++
      throw new Error('away')
    },
    { most: 10, isFinal: () => true },
  )
  const results = await Promise.allSettled([1, 2, 3].map(work))
  t.ok(results.every(({ status }) => status === 'rejected'))
  t.equal(calls, 1)
})
