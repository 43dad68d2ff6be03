export type GatherOptions<T> = {
  /** How many go together at most. */
  most: number
  /** Of those with the same key only one is in a batch; the others wait for the next. */
  key?: (item: T) => string
}

type Waiting<T, R> = { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }

/**
 * Does together what comes in at the same time: what arrives while one batch is under way is the next one. When little
 * happens, nothing waits; when much does, one transaction carries many, and a commit is paid once for all of them.
 *
 * A batch that fails is done again one by one, so that nothing fails for what stood beside it. So `work` must bear to be
 * repeated, even where its first commit did arrive.
 *
 * @param work gives one result for each item, in their order.
 * @returns takes one item, and gives its result.
 */
export function gather<T, R>(
  work: (items: readonly T[]) => Promise<readonly R[]>,
  { most, key }: GatherOptions<T>,
): (item: T) => Promise<R> {
  let waiting: Waiting<T, R>[] = []
  let isBusy = false

  const next = async (): Promise<void> => {
    while (waiting.length > 0) {
      const { batch, rest } = take(waiting, most, key)
      waiting = rest
      await settle(work, batch)
    }
    isBusy = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (isBusy) return
      isBusy = true
      // What comes in the same turn of the event loop goes together already.
      setImmediate(() => void next())
    })
}

function take<T, R>(waiting: Waiting<T, R>[], most: number, key?: (item: T) => string) {
  if (key === undefined) return { batch: waiting.slice(0, most), rest: waiting.slice(most) }
  const [batch, rest, seen]: [Waiting<T, R>[], Waiting<T, R>[], Set<string>] = [[], [], new Set()]
  for (const each of waiting) {
    const own = key(each.item)
    if (batch.length === most || seen.has(own)) rest.push(each)
    else batch.push(each)
    seen.add(own)
  }
  return { batch, rest }
}

/** Never rejects: each item learns of its own end. */
async function settle<T, R>(
  work: (items: readonly T[]) => Promise<readonly R[]>,
  batch: readonly Waiting<T, R>[],
): Promise<void> {
  try {
    const results = await work(batch.map(({ item }) => item))
    if (results.length !== batch.length) throw new Error(`${results.length} results for ${batch.length} items`)
    batch.forEach(({ resolve }, i) => {
      resolve(results[i] as R)
    })
  } catch (error) {
    if (batch.length === 1) batch[0]?.reject(error)
    else for (const each of batch) await settle(work, [each])
  }
}
