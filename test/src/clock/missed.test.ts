import t from 'tap'
import type { ScheduledConfig } from '../../../schemas/kinds/scheduled.ts'
import { MAX_COUNTED, missedRuns } from '../../../src/clock/missed.ts'
import { dueBetween, jitterOf } from '../../../src/clock/schedule.ts'
import { countProcessorTime } from '../../support/processor-time.ts'
import { ID, scheduleOf } from './support.ts'

function missed(config: ScheduledConfig, last: string, now: string) {
  const policy = config.missed ?? 'one'
  const { run, skipped, next } = missedRuns(scheduleOf(config), ID, new Date(last), new Date(now), policy)
  return {
    run: run.map(({ planned }) => planned.toISOString().slice(5, 16)),
    skipped,
    next: next?.planned.toISOString().slice(5, 16),
  }
}

const HOURLY = { cron: '0 * * * *' }
const AFTER_AN_OUTAGE = ['2026-01-01T00:00:00Z', '2026-01-01T05:30:00Z'] as const

t.test('one runs once for all that were missed, skip runs none, all runs each', async (t) => {
  const next = '01-01T06:00'
  t.same(missed(HOURLY, ...AFTER_AN_OUTAGE), { run: ['01-01T05:00'], skipped: 4, next })
  t.same(missed({ ...HOURLY, missed: 'skip' }, ...AFTER_AN_OUTAGE), { run: [], skipped: 5, next })
  const all = ['01-01T01:00', '01-01T02:00', '01-01T03:00', '01-01T04:00', '01-01T05:00']
  t.same(missed({ ...HOURLY, missed: 'all' }, ...AFTER_AN_OUTAGE), { run: all, skipped: 0, next })
})

t.test('what is late by seconds was not missed', async (t) => {
  for (const policy of ['one', 'skip', 'all'] as const) {
    const config = { ...HOURLY, missed: policy, catchup_window_seconds: 0 }
    const expected = { run: ['01-01T01:00'], skipped: 0, next: '01-01T02:00' }
    t.same(missed(config, '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'), expected)
    t.same(missed(config, '2026-01-01T00:00:00Z', '2026-01-01T01:00:59Z'), expected)
    t.same(missed(config, '2026-01-01T00:00:00Z', '2026-01-01T01:02:00Z'), { ...expected, run: [], skipped: 1 })
  }
})

t.test('a plan on a day that the days of its cron never meant runs nothing, and is replaced', async (t) => {
  const plan = ['2026-01-06T23:59:59Z', '2026-01-07T00:00:01Z'] as const // a Wednesday
  t.same(missed({ cron: '0 0 */2 * MON' }, ...plan), { run: [], skipped: 0, next: '01-19T00:00' })
})

t.test('nothing is due before its time', async (t) => {
  const nothing = { run: [], skipped: 0, next: '01-01T01:00' }
  t.same(missed(HOURLY, '2026-01-01T00:00:00Z', '2026-01-01T00:59:59Z'), nothing)
  t.same(missed(HOURLY, '2026-01-01T00:00:00Z', '2025-12-31T00:00:00Z'), nothing, 'also with a clock that was put back')
})

t.test('what is older than the window is not run', async (t) => {
  const config = { ...HOURLY, catchup_window_seconds: 7200 }
  t.same(missed({ ...config, missed: 'all' }, ...AFTER_AN_OUTAGE).run, ['01-01T04:00', '01-01T05:00'])
  const daily = { cron: '0 0 * * *', catchup_window_seconds: 7200 }
  t.same(missed(daily, '2026-01-01T00:00:00Z', '2026-01-02T05:00:00Z'), { run: [], skipped: 1, next: '01-03T00:00' })
})

t.test('one time that was missed is run within the window', async (t) => {
  const config = { at: '2026-01-01T09:00:00Z' }
  t.same(missed(config, '2026-01-01T00:00:00Z', '2026-01-01T12:00:00Z'), {
    run: ['01-01T09:00'],
    skipped: 0,
    next: undefined,
  })
  t.same(missed(config, '2026-01-01T00:00:00Z', '2026-01-03T12:00:00Z'), { run: [], skipped: 1, next: undefined })
})

t.test('a run that waits for its jitter was not missed, and is the next', async (t) => {
  const config = { ...HOURLY, jitter_seconds: 3000 }
  const schedule = scheduleOf(config)
  const planned = new Date('2026-01-01T01:00:00Z')
  const at = new Date(planned.getTime() + jitterOf(schedule, ID))
  t.ok(at > planned)
  const before = missedRuns(schedule, ID, new Date('2026-01-01T00:00:00Z'), new Date(at.getTime() - 1), 'one')
  t.same([before.run, before.next?.planned], [[], planned])
  const then = missedRuns(schedule, ID, new Date('2026-01-01T00:00:00Z'), at, 'one')
  t.same([then.run[0]?.planned, then.next?.planned], [planned, new Date('2026-01-01T02:00:00Z')])
})

t.test('after a year of minutes the last hundred are run, and nobody waits for the rest', async (t) => {
  const config = { catchup_window_seconds: 31_536_000, missed: 'all' } as const
  for (const cron of ['* * * * *', '*/5 * * * *', '* * 1 * *', '* * * 1 *', '0 9 * * *']) {
    const schedule = scheduleOf({ ...config, cron })
    const [last, now] = [new Date('2025-06-01T00:00:00Z'), new Date('2026-05-30T12:00:30Z')]
    const spent = countProcessorTime()
    const { run, skipped } = missedRuns(schedule, ID, last, now, 'all')
    t.ok(spent() < 1000)
    const [first] = run
    t.equal(run.length, 100, cron)
    t.same(
      run,
      first && dueBetween(schedule, ID, new Date(first.planned.getTime() - 1), now, 1000),
      'the last, without a gap',
    )
    t.equal(skipped, cron === '0 9 * * *' ? 264 : MAX_COUNTED)
  }
})
