import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Test } from 'tap'
import type { Database } from '../../db/client.ts'
import { type Answer, type Caller, emptyApp, type Send } from './app.ts'

/**
 * What must not come out, where it may, and how it would look: as it is, and as anything that it is easily read from.
 * Secrets that the caller makes up may come out nowhere; what the server gives is shown in one answer.
 */
export type Secret = { name: string; value: string; shownIn: Set<number> }

export const canary = (name: string) => `canary ${name} ${randomBytes(12).toString('hex')}`
const sha256 = (value: string) => createHash('sha256').update(value).digest()

export function spellings(value: string): string[] {
  const bytes = Buffer.from(value)
  const plain = [value, encodeURIComponent(value), bytes.toString('hex'), bytes.toString('base64url')]
  return [...new Set([...plain, bytes.toString('base64')])]
}

/** A hash gives no secret away, but nobody outside of the table that is searched by it has any use for it either. */
function hashes(value: string): string[] {
  return (['hex', 'base64', 'base64url'] as const).map((encoding) => sha256(value).toString(encoding))
}

/** Where any of these secrets stands in a text, by name. */
export function found(text: string, secrets: readonly Secret[], forms: (value: string) => string[]): string[] {
  return secrets.filter(({ value }) => forms(value).some((form) => text.includes(form))).map(({ name }) => name)
}

export const everyForm = (value: string) => [...spellings(value), ...hashes(value)]

/** An app whose answers and log are kept, and secrets to look for in them. */
export async function spiedApp(t: Test, options: { egressAllow?: string[] } = {}) {
  const on = await emptyApp(t, {}, { ...options, logLevel: 'trace' })
  const answers: { what: string; text: string }[] = []
  const secrets: Secret[] = []
  const send: Send = async (...request) => {
    const answer = await on.send(...request)
    answers.push({ what: request.slice(1, 3).join(' '), text: JSON.stringify(answer.headers) + answer.text })
    return answer
  }
  /** A secret that a caller makes up. */
  const made = (name: string) => {
    const value = canary(name)
    secrets.push({ name, value, shownIn: new Set() })
    return value
  }
  /** The same answer again, to whoever repeats the same request with the same key. */
  const givenAgain = (...values: string[]) => {
    for (const { value, shownIn } of secrets) if (values.includes(value)) shownIn.add(answers.length - 1)
  }
  /** A secret that the last answer gave. */
  const given = (name: string, value: string): string => {
    t.ok(answers.at(-1)?.text.includes(value), `${name} is shown once`)
    // Two access tokens of one session are the same where they were signed in the same second.
    if (secrets.every((secret) => secret.value !== value)) secrets.push({ name, value, shownIn: new Set() })
    givenAgain(value)
    return value
  }
  const session = (name: string, { body }: Answer) => ({
    ...asBearer(given(`access token of ${name}`, body.access_token)),
    refresh: given(`refresh token of ${name}`, body.refresh_token),
  })
  return { ...on, send, answers, secrets, made, given, givenAgain, session }
}

/** Whoever has a token. */
export const asBearer = (token: string): Caller => ({ token, userId: '', id: '' })

/** Every row of every table as text, by table. */
export async function dump(db: Database): Promise<[table: string, text: string][]> {
  const { rows: tables } = await sql<{ schemaname: string; tablename: string }>`
    select schemaname, tablename from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`.execute(db)
  return Promise.all(
    tables.map(async ({ schemaname, tablename }): Promise<[string, string]> => {
      const { rows } = await sql<{ row: string }>`
        select t::text as row from ${sql.table(`${schemaname}.${tablename}`)} t`.execute(db)
      return [tablename, rows.map(({ row }) => row).join('\n')]
    }),
  )
}
