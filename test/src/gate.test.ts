import t from 'tap'
import { createGate } from '../../src/gate.ts'

const NEVER = new AbortController().signal

/** Whether a promise is settled once all that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  await new Promise((resolve) => setImmediate(resolve))
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending
}

t.test('lets through what it bears, and the others in their order', async (t) => {
  const gate = createGate(10)
  const leave = await gate.enter(6, NEVER)
  const [heavy, light] = [gate.enter(5, NEVER), gate.enter(1, NEVER)]
  t.equal(await isSettled(light), false, 'nobody overtakes')
  leave()
  leave()
  for (const each of [await heavy, await light]) each()
  const giant = await gate.enter(1000, NEVER)
  const next = gate.enter(1, NEVER)
  t.equal(await isSettled(next), false, 'what is too heavy goes alone')
  giant()
  await next
})

t.test('whoever gives up waiting lets those behind it through', async (t) => {
  const gate = createGate(10)
  await gate.enter(6, NEVER)
  const waiting = new AbortController()
  const heavy = gate.enter(5, waiting.signal)
  const light = gate.enter(1, NEVER)
  waiting.abort(new Error('enough'))
  await t.rejects(heavy, { message: 'enough' })
  await light
  await t.rejects(gate.enter(1, waiting.signal), { message: 'enough' })
})
