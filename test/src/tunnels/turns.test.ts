import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { inTurns } from '../../../src/tunnels/turns.ts'

t.test('so much is done at once, and the rest in the turns that follow, in order', async (t) => {
  const done: number[] = []
  const go = inTurns(3, (each: number) => void done.push(each))
  for (let i = 0; i < 7; i++) go(i)
  t.same(done, [0, 1, 2], 'at once')
  await turn()
  t.same(done, [0, 1, 2, 3, 4, 5])
  go(7)
  t.same(done.length, 6, 'nobody comes before those who wait')
  await turn()
  t.same(done, [0, 1, 2, 3, 4, 5, 6, 7])
  await turn()
  await turn()
  go(8)
  t.same(done.at(-1), 8, 'at once again')
})

t.test('what asks for more meanwhile waits its turn', async (t) => {
  const done: number[] = []
  const go: (left: number) => void = inTurns(2, (left: number) => {
    done.push(left)
    if (left > 0) go(left - 1)
  })
  go(5)
  t.same(done, [5, 4])
  for (let i = 0; i < 4; i++) await turn()
  t.same(done, [5, 4, 3, 2, 1, 0])
})
