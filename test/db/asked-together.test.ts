import { sql } from 'kysely'
import t from 'tap'
import { askedTogether } from '../../db/asked-together.ts'
import { createDb } from '../../db/client.ts'
import { table } from '../support/notes.ts'

type Question = { organizationId: string | null; id: number | null; bytes?: string | null; words?: string[] }
type Answer = { id: number; statement: string; bytes: Buffer | null; words: string[] | null; third: number }

const ONE = { organizationId: '00000000-0000-7000-8000-000000000001' }
const OTHER = { organizationId: null }

/** Looks for a note, and says by which statement it was found: those of one have their start in common. */
const ask = askedTogether<Question, Answer>(
  { organizationId: 'uuid', id: 'integer', bytes: 'bytea', words: 'text[]' },
  (value) => sql<Answer>`
    select id, statement_timestamp()::text || pg_backend_pid() as statement, ${value('bytes')} as bytes, ${value('words')} as words,
           6 / (id - 3) as third
      from notes where id = ${value('id')}`,
)

t.test('what is asked in one turn is answered by one statement, each by its own row', async (t) => {
  const { db, write } = await table(t)
  for (const id of [1, 2, 4]) await write(db, id)
  const answers = await Promise.all([2, 7, 1, null, 2, 4].map((id) => ask(db, { ...ONE, id })))
  t.same(
    answers.map((each) => each?.id),
    [2, undefined, 1, undefined, 2, 4],
  )
  t.equal(new Set(answers.flatMap((each) => each?.statement ?? [])).size, 1)
  t.same(Object.keys(answers[0] ?? {}), ['id', 'statement', 'bytes', 'words', 'third'], 'and nothing besides')
  const more = await Promise.all(Array.from({ length: 20 }, () => ask(db, { ...ONE, id: 1 })))
  t.equal(new Set(more.map((each) => each?.statement)).size, 3, 'eight at the most')
  const both = await Promise.all([ONE, OTHER, ONE].map((of) => ask(db, { ...of, id: 1 })))
  t.equal(both[0]?.statement, both[2]?.statement)
  t.not(both[0]?.statement, both[1]?.statement, 'only those of one organization')
  const [odd] = await Promise.all([
    ask(db, { ...ONE, id: 1, bytes: '\\x00ff5c', words: ['"', '\\', '{a,b}', ''] }),
    ask(db, { ...ONE, id: 2 }),
  ])
  t.same(odd?.bytes, Buffer.from([0, 255, 92]))
  t.same(odd?.words, ['"', '\\', '{a,b}', ''])
})

t.test('only who asks what fails hears of it', async (t) => {
  const { db, write } = await table(t)
  for (const id of [1, 2, 3]) await write(db, id)
  const outcomes = await Promise.allSettled([1, 3, 2].map((id) => ask(db, { ...ONE, id })))
  t.match(outcomes, [{ value: { id: 1, third: -3 } }, { reason: { code: '22012' } }, { value: { id: 2, third: -6 } }])
})

t.test('in a transaction it sees what that has done', async (t) => {
  const { db, write } = await table(t)
  await db.transaction().execute(async (trx) => {
    await write(trx, 1)
    const [inside, outside] = await Promise.all([ask(trx, { ...ONE, id: 1 }), ask(db, { ...ONE, id: 1 })])
    t.match(inside, { id: 1 })
    t.equal(outside, undefined)
  })
})

t.test('what takes too long is not asked again', async (t) => {
  const { db: main, url, write } = await table(t)
  const db = createDb(url, { statementTimeout: 300 })
  t.teardown(() => db.destroy())
  await write(main, 1)
  await main.transaction().execute(async (trx) => {
    await sql`lock table notes in access exclusive mode`.execute(trx)
    const began = performance.now()
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => ask(db, { ...ONE, id: 1 })))
    t.ok(outcomes.every((each) => each.status === 'rejected' && each.reason.code === '57014'))
    t.ok(performance.now() - began < 8 * 300, 'each of them heard so at about the same time')
  })
  t.match(await ask(db, { ...ONE, id: 1 }), { id: 1 })
})
