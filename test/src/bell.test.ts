import t from 'tap'
import { createBell } from '../../src/bell.ts'

const LONG_MS = 60_000

t.test('a bell wakes the one who waits', async (t) => {
  const bell = createBell()
  const waiting = bell.wait(LONG_MS)
  bell.ring()
  t.equal(await waiting, true)
})

t.test('rung while nobody waits, it wakes the next at once, and only that one', async (t) => {
  const bell = createBell()
  bell.ring()
  bell.ring()
  t.equal(await bell.wait(LONG_MS), true)
  t.equal(await bell.wait(0), false)
})

t.test('nobody waits longer than they say, or after their signal', async (t) => {
  const bell = createBell()
  t.equal(await bell.wait(1), false)
  const controller = new AbortController()
  const waiting = bell.wait(LONG_MS, controller.signal)
  controller.abort()
  t.equal(await waiting, false)
  t.equal(await bell.wait(LONG_MS, controller.signal), false, 'it is aborted already')
  bell.ring()
  t.equal(await bell.wait(LONG_MS), true, 'and it rings for the next all the same')
})
