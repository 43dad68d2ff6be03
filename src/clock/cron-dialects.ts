import { fieldsOf, MAX_CRON_LENGTH, parseCron } from './cron.ts'

const MAX_SHOWN = 80
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
/** The smallest and the largest number of each field from the minute to the month. */
const BOUNDS = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
] as const

/**
 * Says how to write here what is in the dialect of another program, or undefined where it is in none: the question mark and
 * the year of EventBridge and Quartz, whose six fields would mean something else here, and durations. What is in neither
 * dialect may be wrong all the same: that is for {@link parseCron} to say.
 */
export function explainDialect(text: string): string | undefined {
  if (text.length > MAX_CRON_LENGTH) return undefined
  if (/^\s*(rate\s*\(|@every\b)/i.test(text)) return 'a duration is no cron: write it as every, such as "PT5M"'
  const [, inner] = /^\s*cron\s*\((.*)\)\s*$/i.exec(text) ?? []
  const fields = fieldsOf(inner ?? text)
  const last = fields.at(-1) ?? ''
  const hasYear = fields.length === 7 || (fields.length === 6 && /^(19|2[01])\d\d\b/.test(last))
  const hasMark = fields.some((field) => field.includes('?'))
  if (inner === undefined && !hasYear && !hasMark) return undefined
  const what = inner !== undefined ? 'cron(…)' : hasMark ? 'the question mark of EventBridge and Quartz' : 'a year'
  const ends = hasYear && last !== '*' ? ', with starts_at and ends_at for the year' : ''
  const written = translate(fields, inner !== undefined)
  const isKnown = written.length <= MAX_SHOWN && 'rule' in parseCron(written)
  const instead = isKnown ? `write "${written}"${ends}` : `write five fields, with * for any day${ends}`
  return `${what} is no part of a cron expression here: ${instead}. Six fields begin with the second`
}

/** The same expression in five fields, or six with seconds in front. */
function translate(fields: string[], isEventBridge: boolean): string {
  const isSix = fields.length === 6
  const endsWithYear = fields.length === 7 || (isSix && (isEventBridge || isMinuteFirst(fields)))
  const kept = endsWithYear ? fields.slice(0, -1) : fields
  const seconds = kept.length === 6 && kept[0] !== '0' ? kept.slice(0, 1) : []
  const days = kept.slice(-5)
  // Sunday is their 1. Five fields with a question mark are of programs that count as crontab does.
  const countsFromOne = fields.length > 5 && (isEventBridge || fields.some((field) => field.includes('?')))
  const written = days.map((field, i) => {
    if (i === 4) return countsFromOne ? nameWeekdays(field) : field
    return spellStep(field, BOUNDS[i] ?? [0, 0])
  })
  return [...seconds, ...written].join(' ').replaceAll('?', '*')
}

/** Of six fields: EventBridge has a question mark for one of the days in the third or fifth, Quartz in the fourth or sixth. */
function isMinuteFirst(fields: string[]): boolean {
  return [fields[2], fields[4]].some((field) => field?.includes('?')) || /^\d{4}/.test(fields[5] ?? '')
}

/** `2-6` is Monday to Friday where Sunday is 1, and `L` alone is the last day of the week. */
function nameWeekdays(field: string): string {
  if (field === 'L') return 'SAT'
  return field.replace(/(?<![#/\d])[1-7](?!\d)/g, (digit) => WEEKDAYS[Number(digit) - 1] ?? digit)
}

/** `0/15` begins at the number in front; crontab has a range there. */
function spellStep(field: string, [least, most]: readonly [number, number]): string {
  const [, from, step] = /^(\d+)\/(\d+)$/.exec(field) ?? []
  if (from === undefined) return field
  return Number(from) === least ? `*/${step}` : `${from}-${most}/${step}`
}
