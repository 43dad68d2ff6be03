import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { localRuns, problemsOf } from '../src/clock/support.ts'

const page = await readFile(join(import.meta.dirname, '../../docs/scheduling.md'), 'utf8')
const codes = (cell: string) => [...cell.matchAll(/`([^`]*)`/g)].map((match) => match[1] ?? '')
/** The rows of every table whose first cell is a config, cell by cell. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `{'))
  .map((line) => line.slice(1, -1).split(' | '))

t.test('the runs that docs/scheduling.md lists are the ones that come', async (t) => {
  const examples = rows.filter((cells) => cells.length === 2)
  t.ok(examples.length > 10)
  for (const [config = '', runs = ''] of examples) {
    const [json = ''] = codes(config)
    t.same(localRuns(JSON.parse(json), '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z', 3), codes(runs), json)
  }
})

t.test('the runs that docs/scheduling.md lists for a day of a clock change are all of that day', async (t) => {
  const examples = rows.filter((cells) => cells.length === 3)
  t.ok(examples.length > 10)
  for (const [config = '', day = '', runs = ''] of examples) {
    const [json = ''] = codes(config)
    const date = day.trim().slice(0, 10)
    const around = [-2, 2].map((days) => new Date(Date.parse(date) + days * 86_400_000).toISOString())
    const found = localRuns(JSON.parse(json), around[0] ?? '', around[1] ?? '').filter((at) => at.startsWith(date))
    t.same(
      found.map((at) => at.slice(11, 16) + at.slice(19)),
      codes(runs),
      `${json} on ${date}`,
    )
  }
})

t.test('what docs/scheduling.md says is refused is refused', async (t) => {
  t.match(problemsOf({ cron: '0 0 30 2 *' }), [/never fires/])
  for (const cron of ['0 0 13 * FRI', '0 0 1 JAN-DEC SUN-SAT', '0 0 L * *', '@hourly', '@yearly', '0 8-17/3 * * *'])
    t.same(problemsOf({ cron }), [], cron)
})
