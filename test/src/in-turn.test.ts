import t from 'tap'
import { createInTurn } from '../../src/in-turn.ts'

const FOR_EVER = new AbortController().signal

t.test('one is worked on at a time, and those of each key come in turn', async (t) => {
  const inTurn = createInTurn()
  const done: string[] = []
  let atOnce = 0
  const work = (name: string) => async () => {
    t.equal(++atOnce, 1)
    await new Promise(setImmediate)
    atOnce--
    done.push(name)
    return name
  }
  const asked = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']
  const answers = await Promise.all(asked.map((name) => inTurn(name[0] ?? '', work(name), FOR_EVER)))
  t.same(answers, asked)
  t.same(done, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

t.test('who gives up waiting is left out, and what fails keeps nobody waiting', async (t) => {
  const inTurn = createInTurn()
  const first = Promise.withResolvers<void>()
  const giveUp = new AbortController()
  const working = inTurn('a', () => first.promise, FOR_EVER)
  const waiting = inTurn('a', async () => t.fail('it gave up'), giveUp.signal)
  const failing = inTurn('b', async () => Promise.reject(new Error('broken')), FOR_EVER)
  const last = inTurn('a', async () => 'last', FOR_EVER)
  giveUp.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
  first.resolve()
  await working
  await t.rejects(failing, { message: 'broken' })
  t.equal(await last, 'last')
  await t.rejects(
    inTurn('a', async () => {}, giveUp.signal),
    { message: 'enough' },
    'nor does it begin',
  )
  t.equal(await inTurn('z', async () => 'again', FOR_EVER), 'again', 'when nobody waits, it goes on at once')
})
