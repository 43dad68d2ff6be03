import t from 'tap'
import { validate, version } from 'uuid'
import { newId } from '../../db/new-id.ts'

t.test('ids are UUIDs of version 7 of their time, each another', async (t) => {
  const time = Date.UTC(2026, 10, 24, 12)
  const ids = Array.from({ length: 10_000 }, () => newId(time))
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.every((id) => validate(id) && version(id) === 7))
  t.ok(ids.every((id) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) === time))
})

t.test('those of the present come in the order in which they are made', async (t) => {
  const ids = Array.from({ length: 50_000 }, () => newId())
  t.same(ids, ids.toSorted())
  t.equal(new Set(ids).size, ids.length)
  const [old, next] = [newId(Date.UTC(2020, 0, 1)), newId()]
  t.ok(old < (ids[0] ?? '') && next > (ids.at(-1) ?? ''), 'whatever was made of other times between')
})
