import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'
import { createDb, type Database, type DatabaseOptions } from '../../db/client.ts'
import { until } from './until.ts'

const HANG_UP_MS = 5000

/** A migrated database of its own for one test or test file, dropped at its end. */
export async function testDatabase(t: Test, options?: DatabaseOptions): Promise<{ db: Database; url: string }> {
  return databaseFrom(t, process.env.TEST_TEMPLATE, options)
}

/** A database in which nothing is, not even tables. */
export async function emptyDatabase(t: Test): Promise<{ db: Database; url: string }> {
  return databaseFrom(t, 'template0')
}

async function databaseFrom(t: Test, template: string | undefined, options?: DatabaseOptions) {
  const serverUrl = process.env.TEST_DATABASE_URL
  if (!serverUrl || !template) throw new Error('run tests through npm test: it starts their Postgres')
  const name = `hs_test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, `create database ${name} template ${template}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const db = createDb(url.href, options)
  t.teardown(async () => {
    await db.destroy()
    // A connection that outlives its pool is a leak in the program; a moment to hang up is not.
    const left = `select pid, query from pg_stat_activity where datname = '${name}' and application_name = 'hyperspeed'`
    await until(async () => (await onServer(serverUrl, left)).rowCount === 0, HANG_UP_MS).catch(async () => {
      throw new Error(`connections left over: ${JSON.stringify((await onServer(serverUrl, left)).rows)}`)
    })
    await onServer(serverUrl, `drop database ${name} with (force)`)
  })
  return { db, url: url.href }
}

async function onServer(url: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await client.query(statement)
  } finally {
    await client.end()
  }
}
