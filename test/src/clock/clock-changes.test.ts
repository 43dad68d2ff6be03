import t from 'tap'
import { localRuns, notes } from './support.ts'

t.test('a time of day that is skipped runs once, right behind the gap, and says why', async (t) => {
  const berlin = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
  t.same(localRuns(berlin, '2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z'), [
    '2026-03-28T02:30:00+01:00',
    '2026-03-29T03:00:00+02:00',
    '2026-03-30T02:30:00+02:00',
  ])
  t.same(notes(berlin, '2026-03-28T00:00:00Z', '2026-03-30T12:00:00Z'), [
    '02:30 does not exist on 2026-03-29 in Europe/Berlin; runs at 03:00',
  ])
  const newYork = { cron: '15,30,45 2 * * *', timezone: 'America/New_York' }
  t.same(localRuns(newYork, '2026-03-08T00:00:00Z', '2026-03-08T23:00:00Z'), ['2026-03-08T03:00:00-04:00'])
  const lordHowe = { cron: '10 2 * * *', timezone: 'Australia/Lord_Howe' }
  t.same(localRuns(lordHowe, '2026-10-03T00:00:00Z', '2026-10-04T23:00:00Z'), [
    '2026-10-04T02:30:00+11:00',
    '2026-10-05T02:10:00+11:00',
  ])
  const saoPaulo = { cron: '0 0 * * *', timezone: 'America/Sao_Paulo' }
  t.same(localRuns(saoPaulo, '2018-11-03T12:00:00Z', '2018-11-05T12:00:00Z'), [
    '2018-11-04T01:00:00-02:00',
    '2018-11-05T00:00:00-02:00',
  ])
})

t.test('a skipped time beside one at the end of the gap is one run', async (t) => {
  const config = { cron: '0 2,3 * * *', timezone: 'Europe/Berlin' }
  t.same(localRuns(config, '2026-03-29T00:00:00Z', '2026-03-29T23:00:00Z'), ['2026-03-29T03:00:00+02:00'])
})

t.test('a date that a zone leaves out runs at the first minute of the next', async (t) => {
  const config = { cron: '0 9 * * *', timezone: 'Pacific/Apia' }
  t.same(localRuns(config, '2011-12-29T12:00:00Z', '2012-01-01T12:00:00Z'), [
    '2011-12-29T09:00:00-10:00',
    '2011-12-31T00:00:00+14:00',
    '2011-12-31T09:00:00+14:00',
    '2012-01-01T09:00:00+14:00',
  ])
  t.same(notes(config, '2011-12-29T12:00:00Z', '2012-01-01T12:00:00Z'), [
    '09:00 does not exist on 2011-12-30 in Pacific/Apia; runs at 2011-12-31 00:00',
  ])
})

t.test('a time of day that occurs twice runs at the first, and says so', async (t) => {
  const berlin = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
  t.same(localRuns(berlin, '2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z'), [
    '2026-10-25T02:30:00+02:00',
    '2026-10-26T02:30:00+01:00',
  ])
  t.same(notes(berlin, '2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z'), [
    '02:30 occurs twice on 2026-10-25 in Europe/Berlin; runs at the first',
  ])
  const newYork = { cron: '*/20 1 * * *', timezone: 'America/New_York' }
  t.same(localRuns(newYork, '2026-11-01T00:00:00Z', '2026-11-01T23:00:00Z'), [
    '2026-11-01T01:00:00-04:00',
    '2026-11-01T01:20:00-04:00',
    '2026-11-01T01:40:00-04:00',
  ])
  const lordHowe = { cron: '45 1 * * *', timezone: 'Australia/Lord_Howe' }
  t.same(localRuns(lordHowe, '2026-04-04T12:00:00Z', '2026-04-05T23:00:00Z'), [
    '2026-04-05T01:45:00+11:00',
    '2026-04-06T01:45:00+10:30',
  ])
})

t.test('asked within the second pass of an hour, the first pass is over', async (t) => {
  const config = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
  t.same(localRuns(config, '2026-10-25T01:10:00Z', '2026-10-26T12:00:00Z'), ['2026-10-26T02:30:00+01:00'])
})

t.test('every hour is every real hour', async (t) => {
  const config = { cron: '30 * * * *', timezone: 'Europe/Berlin' }
  t.same(localRuns(config, '2026-03-29T00:00:00Z', '2026-03-29T02:00:00Z'), [
    '2026-03-29T01:30:00+01:00',
    '2026-03-29T03:30:00+02:00',
  ])
  t.same(localRuns(config, '2026-10-25T00:00:00Z', '2026-10-25T03:00:00Z'), [
    '2026-10-25T02:30:00+02:00',
    '2026-10-25T02:30:00+01:00',
    '2026-10-25T03:30:00+01:00',
  ])
  t.same(notes(config, '2026-10-25T00:00:00Z', '2026-10-25T03:00:00Z'), [
    '02:30 occurs twice on 2026-10-25 in Europe/Berlin; runs at both, this is the first',
    '02:30 occurs twice on 2026-10-25 in Europe/Berlin; runs at both, this is the second',
  ])
  t.equal(localRuns(config, '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z').length, 23)
  t.equal(localRuns(config, '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z').length, 25)
  t.same(
    localRuns({ ...config, cron: '30 0-23 * * *' }, '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'),
    localRuns(config, '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'),
    'however it is written',
  )
})

t.test(
  'every second hour keeps to even hours, in both of a repeated one, and is not lost with a skipped one',
  async (t) => {
    const config = { cron: '0 */2 * * *', timezone: 'Europe/Berlin' }
    t.same(localRuns(config, '2026-03-28T22:59:00Z', '2026-03-29T02:00:00Z'), [
      '2026-03-29T00:00:00+01:00',
      '2026-03-29T03:00:00+02:00',
      '2026-03-29T04:00:00+02:00',
    ])
    t.same(localRuns(config, '2026-10-24T21:59:00Z', '2026-10-25T03:00:00Z'), [
      '2026-10-25T00:00:00+02:00',
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T04:00:00+01:00',
    ])
  },
)

t.test('a midnight that occurs twice is one midnight, also as a step of 24 hours', async (t) => {
  for (const cron of ['0 0 * * *', '0 */24 * * *'])
    t.same(localRuns({ cron, timezone: 'America/Havana' }, '2026-10-31T12:00:00Z', '2026-11-01T12:00:00Z'), [
      '2026-11-01T00:00:00-04:00',
    ])
})

t.test('a zone without clock changes has none', async (t) => {
  const config = { cron: '30 2 * * *', timezone: 'Asia/Kolkata' }
  t.same(notes(config, '2026-01-01T00:00:00Z', '2026-04-05T00:00:00Z'), [])
  t.equal(localRuns(config, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')[0], '2026-01-02T02:30:00+05:30')
})

t.test('hours of a duration are real time, days and months follow the clocks', async (t) => {
  const from = { timezone: 'Europe/Berlin', starts_at: '2026-03-27T09:00:00+01:00' }
  const span = ['2026-03-28T00:00:00Z', '2026-03-30T00:00:00Z'] as const
  t.same(localRuns({ ...from, every: 'PT24H' }, ...span), ['2026-03-28T09:00:00+01:00', '2026-03-29T10:00:00+02:00'])
  t.same(localRuns({ ...from, every: 'P1D' }, ...span), ['2026-03-28T09:00:00+01:00', '2026-03-29T09:00:00+02:00'])
  const night = { every: 'P1D', timezone: 'Europe/Berlin', starts_at: '2026-03-27T02:30:00+01:00' }
  t.same(localRuns(night, ...span), ['2026-03-28T02:30:00+01:00', '2026-03-29T03:00:00+02:00'])
  t.same(notes(night, ...span), ['02:30 does not exist on 2026-03-29 in Europe/Berlin; runs at 03:00'])
  t.same(notes(night, '2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z'), [
    '02:30 occurs twice on 2026-10-25 in Europe/Berlin; runs at the first',
  ])
  const apia = { every: 'P1D', timezone: 'Pacific/Apia' }
  t.same(localRuns(apia, '2011-12-29T12:00:00Z', '2012-01-01T09:00:00Z'), [
    '2011-12-31T00:00:00+14:00',
    '2012-01-01T00:00:00+14:00',
  ])
})
