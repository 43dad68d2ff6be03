import t from 'tap'
import { createPace } from '../../../src/runs/pace.ts'

const SECOND = 1000

t.test('what one automation queues beyond its pace stands behind what others queue a little later', async (t) => {
  let now = Date.UTC(2026, 10, 26)
  const rank = createPace(() => now)
  const flood = Array.from({ length: 5000 }, () => rank('busy'))
  const priorities = flood.map(({ priority }) => priority)
  t.same(
    priorities,
    priorities.toSorted((a, b) => b - a),
    'in its own order',
  )
  t.equal(flood.filter(({ tier }) => tier === 'first').length, 100)
  t.same(rank('other'), flood[0], 'others stand where they would without it')
  now += 60 * SECOND
  const other = rank('other')
  const before = flood.filter(({ priority }) => priority > other.priority)
  t.equal(other.tier, 'first')
  t.ok(before.length >= 600 && before.length <= 800, `${before.length} of the flood have aged enough to go first`)
})

t.test('nothing waits for ever: however much it queues, a rank is a quarter of an hour late at the most', async (t) => {
  let now = Date.UTC(2026, 10, 26)
  const rank = createPace(() => now)
  const [first] = Array.from({ length: 50_000 }, () => rank('busy'))
  const last = rank('busy')
  t.equal((first?.priority ?? 0) - last.priority, 900)
  now += 901 * SECOND
  t.ok(rank('other').priority < last.priority)
  now += 900 * SECOND
  t.equal(rank('busy').tier, 'first', 'and is forgotten once it has paid')
})

t.test('what may begin later is ranked by that time', async (t) => {
  const now = Date.UTC(2026, 10, 26)
  const rank = createPace(() => now)
  const later = rank('a', now + 300 * SECOND)
  t.equal(rank('b').priority - later.priority, 300)
  t.equal(rank('b').priority, rank('a', now - SECOND).priority, 'and nothing before now')
})
