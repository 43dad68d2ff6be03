import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import t from 'tap'
import { COMPONENTS } from '../../../schemas/index.ts'
import { ScheduledConfig } from '../../../schemas/kinds/scheduled.ts'
import { dueBetween, nextDue } from '../../../src/clock/schedule.ts'
import { countProcessorTime } from '../../support/processor-time.ts'
import { ID, localRuns, problemsOf, scheduleOf } from './support.ts'

/** The dates on which a cron runs in UTC, without the time. */
function dates(cron: string, year: number, until = year + 1): string[] {
  return localRuns({ cron }, `${year - 1}-12-31T23:59:59Z`, `${until}-01-01T00:00:00Z`).map((at) => at.slice(0, 10))
}

t.test('each example of the schema is valid', async (t) => {
  const ajv = new Ajv({ strict: false, discriminator: true, schemas: [...COMPONENTS] })
  addFormats.default(ajv)
  for (const [key, own] of Object.entries(ScheduledConfig.properties)) {
    const property = '$ref' in own ? COMPONENTS.find(({ $id }) => $id === own.$ref) : own
    t.ok(property && 'example' in property && ajv.validate(property, property.example), key)
    t.ok(property?.description, `${key} is described`)
  }
  t.ok(ajv.validate(ScheduledConfig, ScheduledConfig.example))
  t.same(problemsOf(ScheduledConfig.example), [])
  t.ok(ajv.validate(ScheduledConfig, { cron: '* * * * *', proposal_note: 'kept' }), 'unknown keys are let through')
})

t.test('L, W and # name days of a month', async (t) => {
  t.same(dates('0 9 L * *', 2026).slice(0, 4), ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30'])
  t.same(dates('0 9 15W * *', 2026).slice(0, 3), ['2026-01-15', '2026-02-16', '2026-03-16'], 'a Sunday becomes Monday')
  t.same(dates('0 9 1W * *', 2026).slice(7, 9), ['2026-08-03', '2026-09-01'], 'never into the month before')
  t.same(dates('0 9 LW * *', 2026).slice(0, 3), ['2026-01-30', '2026-02-27', '2026-03-31'])
  t.same(dates('0 9 * * MON#2', 2026).slice(0, 3), ['2026-01-12', '2026-02-09', '2026-03-09'])
  t.same(dates('0 9 * * MON#5', 2026), ['2026-03-30', '2026-06-29', '2026-08-31', '2026-11-30'])
  t.same(dates('0 9 * * FRIL', 2026).slice(0, 3), ['2026-01-30', '2026-02-27', '2026-03-27'])
})

t.test('names, both Sundays and nicknames are understood', async (t) => {
  t.same(dates('0 9 * JAN SUN', 2026), dates('0 9 * 1 0', 2026))
  t.same(dates('0 9 * jan 7', 2026), dates('0 9 * 1 0', 2026))
  t.same(dates('0 9 * * MON-FRI', 2026).slice(0, 3), ['2026-01-01', '2026-01-02', '2026-01-05'])
  t.same(dates('@monthly', 2026).slice(0, 3), ['2026-01-01', '2026-02-01', '2026-03-01'])
  t.same(dates('@annually', 2026), dates('@yearly', 2026))
  t.same(dates('@midnight', 2026), dates('@daily', 2026))
  t.same(dates(' 0\t9  * * SUN ', 2026), dates('0 9 * * 7', 2026), 'blanks of any kind stand between fields')
})

t.test('of two day fields either is enough, unless one begins with a star, as in crontab(5)', async (t) => {
  t.same(dates('0 9 13 * FRI', 2026).slice(0, 4), ['2026-01-02', '2026-01-09', '2026-01-13', '2026-01-16'], 'either')
  t.same(dates('0 9 13 * +FRI', 2026), ['2026-02-13', '2026-03-13', '2026-11-13'], 'both')
  const oddMondays = ['2026-01-05', '2026-01-19', '2026-02-09', '2026-02-23']
  t.same(dates('0 0 */2 * MON', 2026).slice(0, 4), oddMondays)
  t.same(dates('0 0 0 */2 * 1', 2026).slice(0, 4), oddMondays, 'with seconds in front')
  t.same(dates('0 0 1-31/2 * MON', 2026).slice(0, 4), ['2026-01-01', '2026-01-03', '2026-01-05', '2026-01-07'])
  t.same(dates('0 0 15 * */2', 2026).slice(0, 2), ['2026-01-15', '2026-02-15'], 'a Thursday and a Sunday')
  t.same(dates('0 0 L * */6', 2026).slice(0, 2), ['2026-01-31', '2026-02-28'], 'two Saturdays')
  t.same(dates('0 0 *,13 * FRI', 2026).slice(0, 2), ['2026-01-02', '2026-01-09'], 'all days are no restriction')
  t.same(problemsOf({ cron: '0 0 30 2 */2' }), ['/cron: never fires: no date matches'])
})

t.test('what is in the dialect of another program is refused with what to write instead', async (t) => {
  const instead = (cron: string) => /write "([^"]+)"/.exec(problemsOf({ cron })[0] ?? '')?.[1]
  for (const [theirs, ours] of [
    ['0 12 * * ? *', '0 12 * * *'],
    ['0/15 8 ? * 2-6 *', '*/15 8 * * MON-FRI'],
    ['0 12 ? * 6#3 *', '0 12 * * FRI#3'],
    ['cron(5/10 12 L * ? *)', '5-59/10 12 L * *'],
    ['0 0 12 * * ?', '0 12 * * *'],
    ['30 0 12 ? * 6L 2027', '30 0 12 * * FRIL'],
    ['0 12 ? * L 2027', '0 12 * * SAT'],
    ['0 9 * * MON 2027', '0 9 * * MON'],
    ['0 9 ? * 1', '0 9 * * 1'],
  ] as const) {
    t.equal(instead(theirs), ours, theirs)
    t.same(problemsOf({ cron: ours }), [], ours)
  }
  t.match(problemsOf({ cron: '0 9 24 12 ? 2027' })[0], /with starts_at and ends_at for the year/)
  t.match(problemsOf({ cron: '* * * * * * 2030' })[0], /a year is no part of a cron expression here: write five fields/)
  for (const cron of ['rate(5 minutes)', '@every 5m']) t.match(problemsOf({ cron })[0], /write it as every/)
  t.match(problemsOf({ cron: '0 12 * * MON *' })[0], /the month "MON" .*six fields begin with the second/)
  t.match(problemsOf({ cron: '0 9 * * FRI-MON' })[0], /a range goes upwards, so "FRI-MON" is two/)
  t.match(problemsOf({ cron: '0 1,22-6/2 * * *' })[0], /a range goes upwards, so "22-6\/2" is two/)
  t.same(
    dates('0 9 * * FRI-SUN', 2026).slice(0, 3),
    ['2026-01-02', '2026-01-03', '2026-01-04'],
    'Sunday ends a week too',
  )
})

t.test('a question mark that is stored still runs as it was shown to whoever approved it', async (t) => {
  t.same(dates('0 9 ? * MON', 2026).slice(0, 2), ['2026-01-05', '2026-01-12'])
})

t.test('a sixth field in front is the second', async (t) => {
  const runs = localRuns({ cron: '30 0 9 * * *' }, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')
  t.same(runs, ['2026-01-01T09:00:30+00:00'])
})

t.test('leap days', async (t) => {
  t.same(dates('0 0 29 2 *', 2026, 2037), ['2028-02-29', '2032-02-29', '2036-02-29'])
  t.same(dates('0 0 29 2 +MON', 2026, 2080), ['2044-02-29', '2072-02-29'])
  const birthday = { every: 'P1Y', starts_at: '2024-02-29T09:00:00Z' }
  t.same(localRuns(birthday, '2026-01-01T00:00:00Z', '2029-01-01T00:00:00Z'), [
    '2026-02-28T09:00:00+00:00',
    '2027-02-28T09:00:00+00:00',
    '2028-02-29T09:00:00+00:00',
  ])
})

t.test('a duration counts from starts_at, or else from 1970 by the clocks of the zone', async (t) => {
  const span = ['2026-01-01T00:00:00Z', '2026-05-01T12:00:00Z'] as const
  const month = { every: 'P1M', starts_at: '2026-01-31T09:00:00+01:00', timezone: 'Europe/Berlin' }
  t.same(localRuns(month, ...span), [
    '2026-01-31T09:00:00+01:00',
    '2026-02-28T09:00:00+01:00',
    '2026-03-31T09:00:00+02:00',
    '2026-04-30T09:00:00+02:00',
  ])
  t.same(localRuns({ every: 'P1M', timezone: 'America/New_York' }, ...span).slice(0, 2), [
    '2026-01-01T00:00:00-05:00',
    '2026-02-01T00:00:00-05:00',
  ])
  t.same(localRuns({ every: 'PT8H' }, '2026-01-01T00:00:00Z', '2026-01-01T23:00:00Z'), [
    '2026-01-01T08:00:00+00:00',
    '2026-01-01T16:00:00+00:00',
  ])
  t.same(
    localRuns({ every: 'P1DT12H', starts_at: '2026-01-01T00:00:00Z' }, '2025-01-01T00:00:00Z', '2026-01-05T00:00:00Z'),
    ['2026-01-01T00:00:00+00:00', '2026-01-02T12:00:00+00:00', '2026-01-04T00:00:00+00:00'],
  )
})

t.test('every due is after the one before, and the next of any instant is among them', async (t) => {
  for (const every of ['PT61S', 'PT7H', 'P1D', 'P3D', 'P1W', 'P1M', 'P1M15D', 'P7M', 'P1Y', 'P1DT1H'])
    for (const timezone of ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Apia'])
      for (const starts_at of ['2011-01-31T02:30:00Z', '1999-12-29T12:00:00Z']) {
        const schedule = scheduleOf({ every, timezone, starts_at })
        const from = new Date('2011-12-20T00:00:00Z')
        const runs = dueBetween(schedule, ID, from, new Date('2031-12-20T00:00:00Z'), 300).map((due) => +due.planned)
        const inOrder = runs.every((at, i) => at > (runs[i - 1] ?? +from))
        const stable = runs.every((at, i) => i === 0 || +(nextDue(schedule, ID, new Date(at - 1))?.planned ?? 0) === at)
        t.ok(runs.length > 0 && inOrder && stable, `${every} ${timezone} ${starts_at}`)
      }
})

t.test('nothing is due before starts_at or after ends_at, and both belong to it', async (t) => {
  const config = { cron: '0 9 * * *', starts_at: '2026-01-02T09:00:00Z', ends_at: '2026-01-04T09:00:00Z' }
  t.same(
    localRuns(config, '2025-01-01T00:00:00Z', '2027-01-01T00:00:00Z').map((at) => at.slice(0, 10)),
    ['2026-01-02', '2026-01-03', '2026-01-04'],
  )
  t.same(localRuns({ at: '2026-01-02T09:00:00+02:00' }, '2025-01-01T00:00:00Z', '2027-01-01T00:00:00Z'), [
    '2026-01-02T07:00:00+00:00',
  ])
})

t.test('jitter delays each run of an automation alike, and different ones differently', async (t) => {
  const schedule = scheduleOf({ cron: '0 9 * * *', jitter_seconds: 600 })
  const delay = (id: string, after: string) => {
    const due = nextDue(schedule, id, new Date(after))
    return due ? (+due.at - +due.planned) / 1000 : -1
  }
  const delays = Array.from({ length: 500 }, (_, n) => delay(`automation ${n}`, '2026-01-01T00:00:00Z'))
  t.ok(delays.every((seconds) => Number.isInteger(seconds) && seconds >= 0 && seconds <= 600))
  t.ok(new Set(delays).size > 200, 'they spread out')
  t.equal(delay(ID, '2026-01-01T00:00:00Z'), delay(ID, '2026-07-01T00:00:00Z'))
  t.equal(+(nextDue(scheduleOf({ cron: '0 9 * * *' }), ID, new Date(0))?.at ?? 1) % 60_000, 0, 'none unless asked for')
})

t.test('what is wrong is told where it stands', async (t) => {
  const fields = 'must have 5 fields (minute, hour, day of the month, month, weekday) or 6 (second in front)'
  t.same(problemsOf({}), [': needs one of cron, every and at'])
  t.same(problemsOf({ cron: '@daily', every: 'P1D', at: '2026-01-01T00:00:00Z' }), [
    '/every: cannot stand beside cron: only one of cron, every and at',
    '/at: cannot stand beside cron: only one of cron, every and at',
  ])
  t.same(problemsOf({ cron: '* * * *' }), [`/cron: ${fields}, not 4`])
  t.same(problemsOf({ cron: '* * * * * * * *' }), [`/cron: ${fields}, not 8`])
  t.match(problemsOf({ cron: '0 25 * * *' })[0], /^\/cron: the hour "25" is not valid: it takes 0 to 23/)
  t.match(problemsOf({ cron: '0 9 * * FOO' })[0], /the weekday "FOO" is not valid: it takes 0 to 7, SUN to SAT/)
  t.match(problemsOf({ cron: '@fortnightly' })[0], /no known nickname/)
  t.same(problemsOf({ cron: '2026-01-01T00:00:00' }), [
    '/cron: may hold letters, digits, spaces and * / , - # + ? @ only',
  ])
  for (const cron of ['* * * * * *', '*/30 * * * * *', '0,30 0 9 * * *'])
    t.same(problemsOf({ cron }), ['/cron: fires more often than once in 60 seconds'])
  for (const cron of ['0 0 30 2 *', '0 * 31 4,6 *', '0 0 31W 6 *', '0 0 30 2 +MON'])
    t.same(problemsOf({ cron }), ['/cron: never fires: no date matches'])
  for (const timezone of ['Mars/Olympus', '+02:00', 'Z', '', 'Europe/../Berlin', 'x'.repeat(1000)])
    t.match(problemsOf({ cron: '@daily', timezone })[0], /^\/timezone: must be a name of the IANA database/)
  for (const every of ['1 hour', 'P', 'PT', '-P1D', 'P0.5D', `P${'9'.repeat(90)}D`])
    t.match(problemsOf({ every })[0], /^\/every: must be an ISO 8601 duration/, every)
  for (const every of ['PT0S', 'PT59S']) t.same(problemsOf({ every }), ['/every: must be 60 seconds or longer'])
  t.same(problemsOf({ every: 'P1000Y' }), ['/every: must be 100 years or shorter'])
  t.same(problemsOf({ every: 'PT60.5S' }), ['/every: must be whole seconds'])
  t.match(problemsOf({ at: 'tomorrow' })[0], /^\/at: must be a date and time with an offset/)
  t.same(problemsOf({ cron: '@daily', starts_at: '2026-02-01T00:00:00Z', ends_at: '2026-01-01T00:00:00Z' }), [
    '/ends_at: must not be before starts_at',
  ])
  t.same(problemsOf({ cron: '@yearly', starts_at: '2026-02-01T00:00:00Z', ends_at: '2026-03-01T00:00:00Z' }), [
    '/cron: is never due between starts_at and ends_at',
  ])
  t.same(problemsOf({ at: '2026-01-01T00:00:00Z', ends_at: '2025-01-01T00:00:00Z' }), [
    '/at: must not be after ends_at',
  ])
})

t.test('hostile configs are answered at once', async (t) => {
  const list = (n: number) => Array.from({ length: n }, (_, i) => i % 60).join(',')
  const crons = [
    ...[
      'x'.repeat(1e6),
      ' '.repeat(1e6),
      '\n* * * * *',
      '* * * * *\u0000',
      '*'.repeat(500),
      ','.repeat(500),
      '-'.repeat(500),
    ],
    ...[
      `${list(1000)} * * * *`,
      `${list(160)} * * * *`,
      `* ${'0-23,'.repeat(90)}1 * * *`,
      `${'*/1,'.repeat(120)}* * * * *`,
    ],
    ...['99999999999999999999 * * * *', '1-99999999999 * * * *', '*/0 * * * *', '*/99999999 * * * *', '0-59/0 * * * *'],
    ...[
      '* * * * MON#9999',
      `* * * * ${'MON#1,'.repeat(80)}MON`,
      `* * ${'1W,'.repeat(150)}1 * *`,
      '* * L-3 * *',
      '* * LL * *',
      `cron(${') '.repeat(240)}`,
      `${'? '.repeat(250)}`,
    ],
    ...[
      `${'a'.repeat(400)}! * * * *`,
      `${'*/'.repeat(200)} * * * *`,
      '@constructor',
      '@__proto__',
      'constructor * * * *',
    ],
    ...[
      '0 * 29 2 +MON#5',
      '59 23 31 12 +SUN#5',
      '0 0 31 2,4,6,9,11 *',
      '0 0 L,30W 2 +SAT#5',
      '\u0661 * * * *',
      '１ * * * *',
    ],
  ]
  const everies = [
    'P'.repeat(100),
    `PT${'1H'.repeat(1e5)}`,
    `P${'0'.repeat(95)}1D`,
    `PT${'9'.repeat(15)}S`,
    'PT1e9S',
    '\u0000',
  ]
  const configs = [
    ...crons.map((cron) => ({ cron })),
    ...everies.map((every) => ({ every, timezone: 'Europe/Berlin' })),
    ...['2026'.repeat(1e5), '+275760-09-13T00:00:00Z', '0000-01-01T00:00:00Z', '2026-01-01T00:00:00Z[u-ca=x]'].map(
      (at) => ({ at }),
    ),
    { cron: '0 9 * * *', starts_at: '9999-12-31T00:00:00Z' },
    { every: 'P100Y', ends_at: '1970-01-01T00:00:00Z' },
  ]
  for (const config of configs) {
    const spent = countProcessorTime()
    const problems = problemsOf(config)
    if (problems.length === 0) dueBetween(scheduleOf(config), ID, new Date(0), new Date(8e15), 5)
    const took = spent()
    t.ok(took < 250, `${JSON.stringify(config).slice(0, 60)} took ${Math.round(took)} ms`)
    t.ok(problems.every((problem) => problem.length < 300 && !/croner|CronPattern|Temporal/.test(problem)))
  }
})
