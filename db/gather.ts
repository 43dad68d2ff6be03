export type GatherOptions<T> = {
  /** How many go together at most. */
  most: number
  /** Of those with the same key only one is in a batch; the others wait for the next. For one batch at a time. */
  key?: (item: T) => string
  /** How many batches are under way at once; 1 by default. */
  concurrency?: number
  /** Milliseconds after which what waits goes all the same, however many batches are under way; for ever by default. */
  patience?: number
  /** What those of a batch weigh together at most, unless it is a single one. */
  mostWeight?: number
  weigh?: (item: T) => number
  /** Errors after which nothing is done again one by one: all of the batch fails. */
  isFinal?: (error: unknown) => boolean
  /** Whether what is done again is done side by side; one after the other by default, in their order. */
  againAtOnce?: boolean
}

type Waiting<T, R> = { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }

/**
 * Does together what comes in at the same time: what arrives while one batch is under way is the next one. When little
 * happens, nothing waits; when much does, one transaction carries many, and a commit is paid once for all of them. Then the
 * next batch is on its way before the results of the last are given out: what is done with them takes this process as long as
 * a batch takes Postgres (bench/README.md).
 *
 * A batch that fails is done again one by one, so that nothing fails for what stood beside it. So `work` must bear to be
 * repeated, even where its first commit did arrive.
 *
 * @param work gives one result for each item, in their order.
 * @returns takes one item, and gives its result.
 */
export function gather<T, R>(
  work: (items: readonly T[]) => Promise<readonly R[]>,
  options: GatherOptions<T>,
): (item: T) => Promise<R> {
  const { concurrency = 1, patience } = options
  let waiting: Waiting<T, R>[] = []
  let underWay = 0
  let isWoken = false
  let impatient: NodeJS.Timeout | undefined

  /** @returns whether anything was started. */
  const start = (most = concurrency): boolean => {
    const before = underWay
    while (waiting.length > 0 && underWay < most) {
      const { batch, rest } = take(waiting, options)
      waiting = rest
      underWay++
      void settle(work, batch, options).then(async (giveOut) => {
        const wasFull = underWay-- >= concurrency
        if (wasFull && start()) await sent()
        giveOut()
      })
    }
    if (patience !== undefined) bePatient(patience)
    return underWay > before
  }
  /** Lets those who wait go in time. */
  const bePatient = (ms: number): void => {
    if (waiting.length === 0) {
      clearTimeout(impatient)
      impatient = undefined
    }
    if (waiting.length === 0 || impatient !== undefined) return
    impatient = setTimeout(() => {
      impatient = undefined
      start(Number.POSITIVE_INFINITY)
    }, ms)
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (isWoken) return
      isWoken = true
      // What comes in the same turn of the event loop goes together already.
      setImmediate(() => {
        isWoken = false
        start()
      })
    })
}

function take<T, R>(waiting: Waiting<T, R>[], options: GatherOptions<T>) {
  const { key } = options
  const most = fitting(waiting, options)
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

/** How many of those that wait are not too many, and not too heavy. */
function fitting<T>(
  waiting: readonly Pick<Waiting<T, unknown>, 'item'>[],
  { most, mostWeight, weigh }: GatherOptions<T>,
): number {
  if (mostWeight === undefined || weigh === undefined) return most
  let weight = 0
  const end = waiting.slice(0, most).findIndex(({ item }, i) => {
    weight += weigh(item)
    return i > 0 && weight > mostWeight
  })
  return end === -1 ? most : end
}

/** Resolves when what was just started has been written to the database, which happens at the end of a turn (db/client.ts). */
async function sent(): Promise<void> {
  for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve))
}

/** Never rejects. @returns what tells the items of their end, where they have not been told yet. */
async function settle<T, R>(
  work: (items: readonly T[]) => Promise<readonly R[]>,
  batch: readonly Waiting<T, R>[],
  options: Pick<GatherOptions<T>, 'isFinal' | 'againAtOnce'>,
): Promise<() => void> {
  try {
    const results = await work(batch.map(({ item }) => item))
    if (results.length !== batch.length) throw new Error(`${results.length} results for ${batch.length} items`)
    return () => batch.forEach(({ resolve }, i) => void resolve(results[i] as R))
  } catch (error) {
    if (batch.length === 1 || options.isFinal?.(error)) return () => batch.forEach(({ reject }) => void reject(error))
    const again = batch.map((each) => async () => (await settle(work, [each], options))())
    if (options.againAtOnce) await Promise.all(again.map((settleOne) => settleOne()))
    else for (const settleOne of again) await settleOne()
    return () => {}
  }
}

/**
 * {@link gather} for each key by itself: whoever fails, is slow, or wants much keeps nobody waiting but those of its own key, which are to be
 * of one organization.
 */
export function gatherEach<T, R>(
  keyOf: (item: T) => string,
  work: (items: readonly T[]) => Promise<readonly R[]>,
  options: GatherOptions<T>,
): (item: T) => Promise<R> {
  const all = new Map<string, { gathered: (item: T) => Promise<R>; underWay: number }>()
  return async (item) => {
    const key = keyOf(item)
    let own = all.get(key)
    if (own === undefined) {
      own = { gathered: gather(work, options), underWay: 0 }
      all.set(key, own)
    }
    own.underWay++
    try {
      return await own.gathered(item)
    } finally {
      if (--own.underWay === 0) all.delete(key)
    }
  }
}
