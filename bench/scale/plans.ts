import pg from 'pg'

/** Tables that grow with what people do. None of these questions may read one of them from end to end. */
const LARGE = [
  'automations',
  'automation_revisions',
  'automation_runs',
  'automation_secrets',
  'spaces',
  'webhook_events',
  'webhooks',
]

type Sent = { client: pg.Client; name: string; values: unknown[] }
type Config = { name?: string; text?: string; values?: unknown[] }
/** A statement, or some that are sent together (db/statement-group.ts). */
type Asked = Config & { statements?: readonly Config[] }

/** @returns the prepared statements that were sent to Postgres meanwhile, with their values, and the sessions that know them. */
async function record(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = []
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (this: pg.Client, ...all: unknown[]) {
    const asked = all[0] as Asked
    for (const { name, text = '', values = [] } of asked.statements ?? [asked])
      if (name !== undefined && !/^(begin|commit|rollback|set)\b/.test(text)) sent.push({ client: this, name, values })
    return Reflect.apply(query, this, all)
  } as typeof query
  try {
    await work()
    return sent
  } finally {
    pg.Client.prototype.query = query
  }
}

/** How Postgres goes about something. */
export type Plan = {
  /** The indexes that it uses, and which of the large tables it reads from end to end. */
  short: string
  /** Whether one of the large tables is read from end to end. */
  isBad: boolean
  text: string
}

/**
 * What Postgres does by now for what `work` sends, in the very session that runs it: whether it plans anew for each values, or has
 * one plan for all, is its own choice.
 */
export async function planOf(work: () => Promise<unknown>): Promise<Plan> {
  const texts: string[] = []
  for (const { client, name, values } of await record(work)) {
    const literals = values.length === 0 ? '' : `(${values.map(literalOf).join(', ')})`
    const { rows } = await client.query(`explain (costs off) execute ${pg.escapeIdentifier(name)}${literals}`)
    texts.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
  }
  const text = texts.join('\n\n')
  const scans = [
    ...text.matchAll(/(Seq Scan|Index (?:Only )?Scan(?: Backward)? using (\S+)|Bitmap Index Scan) on (\S+)/g),
  ]
  const names = scans.flatMap(([, how, index, on = '']) => {
    if (how !== 'Seq Scan') return index ?? on
    return LARGE.includes(on) ? `**Seq Scan of ${on}**` : []
  })
  const isBad = names.some((name) => name.startsWith('**'))
  const kind = /\$\d/.test(text) ? 'one plan for all values' : 'planned for the values'
  return { short: `${[...new Set(names)].join(', ')} (${kind})`, isBad, text }
}

/** A value as it stands in a statement, as pg would send it. */
function literalOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (value instanceof Date) return pg.escapeLiteral(value.toISOString())
  if (Buffer.isBuffer(value)) return pg.escapeLiteral(`\\x${value.toString('hex')}`)
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map((each) => JSON.stringify(each)).join()}}`)
  return pg.escapeLiteral(String(value))
}
