import t from 'tap'
import type { ScheduledConfig } from '../../../schemas/kinds/scheduled.ts'
import { previewSchedule } from '../../../src/clock/preview.ts'
import { jitterOf } from '../../../src/clock/schedule.ts'
import { ID, scheduleOf } from './support.ts'

const preview = (config: ScheduledConfig, now: string) => previewSchedule(scheduleOf(config), ID, new Date(now))

const OVER = 'its times are over: it can’t become active, and never runs again'

t.test('the next ten runs, in UTC and by the clocks of the zone', async (t) => {
  const { next_runs, warnings } = preview({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-03-28T12:00:00Z')
  t.equal(next_runs.length, 10)
  t.same(next_runs.slice(0, 2), [
    {
      at_utc: '2026-03-29T01:00:00.000Z',
      at_local: '2026-03-29T03:00:00+02:00',
      note: '02:30 does not exist on 2026-03-29 in Europe/Berlin; runs at 03:00',
    },
    { at_utc: '2026-03-30T00:30:00.000Z', at_local: '2026-03-30T02:30:00+02:00', note: null },
  ])
  t.same(warnings, [])
})

t.test('local times have the offset of the zone, whatever it is', async (t) => {
  const local = (timezone: string) =>
    preview({ cron: '0 9 1 7 *', timezone }, '2026-01-01T00:00:00Z').next_runs[0]?.at_local
  t.equal(local('Asia/Kolkata'), '2026-07-01T09:00:00+05:30')
  t.equal(local('America/New_York'), '2026-07-01T09:00:00-04:00')
  t.equal(local('UTC'), '2026-07-01T09:00:00+00:00')
  t.equal(local('australia/lord_howe'), '2026-07-01T09:00:00+10:30')
})

t.test('what may surprise is said', async (t) => {
  const now = '2026-01-01T00:00:00Z'
  t.same(preview({ cron: '*/15 * * * *' }, now).warnings, ['it runs 96 times within a day'])
  t.same(preview({ cron: '0 * * * *' }, now).warnings, [], '24 a day are fine')
  t.same(preview({ cron: '0 9 * * *', ends_at: '2026-01-03T12:00:00Z' }, now).warnings, [
    'it ends soon: 3 runs are left, the last at 2026-01-03T09:00:00+00:00',
  ])
  t.same(preview({ at: '2026-06-01T00:00:00Z' }, now).warnings, [], 'one run is all that was asked for')
  t.same(preview({ at: '2025-06-01T00:00:00Z' }, now), { next_runs: [], warnings: [OVER] })
  t.same(preview({ cron: '0 9 * * *', ends_at: '2025-06-01T00:00:00Z' }, now).warnings, [OVER])
  t.match(preview({ cron: '*/30 * * * *', jitter_seconds: 3600 }, now).warnings, [
    'it runs 48 times within a day',
    /^jitter_seconds is larger than the 1800 seconds between two runs/,
  ])
})

t.test('a run that waits for its jitter is still to come', async (t) => {
  const config = { cron: '0 * * * *', jitter_seconds: 3000 }
  const jitter = jitterOf(scheduleOf(config), ID)
  const planned = Date.parse('2026-01-01T01:00:00Z')
  const first = (at: number) => preview(config, new Date(at).toISOString()).next_runs[0]?.at_utc
  t.equal(first(planned + jitter - 1), new Date(planned + jitter).toISOString())
  t.equal(first(planned + jitter), new Date(planned + jitter + 3_600_000).toISOString())
})
