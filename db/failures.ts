import pg from 'pg'

/** This process has more work for Postgres than it may have in flight. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
}

// Classes and codes of the PostgreSQL manual, appendix A. 57P0x: shutting down or starting up; 08: connection; 53:
// out of a resource; 40: serialization failure or deadlock; 55P03: lock not available in time; 25P03: the transaction
// sat idle too long; 0A000 reaches callers only as "cached plan must not change result type", right after a migration.
const UNAVAILABLE = /^(57P0[1-5]|08...|53...|40001|40P01|55P03|25P03|0A000|3D000)$/

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

// pg has no codes for what it raises itself.
const DRIVER =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client was closed|Client has encountered a connection error|Query read timeout|Cannot use a pool after calling end)/

/** The database can't be reached or can't take work now: the same request may well succeed in a moment. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true
  if (error instanceof pg.DatabaseError) return UNAVAILABLE.test(error.code ?? '')
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  if (!(error instanceof Error)) return false
  return ('code' in error && NETWORK.has(String(error.code))) || DRIVER.test(error.message)
}

/** The statement ran into `statement_timeout` (57014). */
export function isStatementTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '57014'
}

/**
 * Whether Postgres said what is wrong with a statement and goes on with the session: then nothing of its transaction has happened. Of what a
 * session that ends was about nobody knows.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(57P|08)/.test(error.code ?? '57P')
}

/** A lock was not to be had within `lock_timeout` (55P03). */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03'
}

/** The name of the unique constraint that a statement broke (23505), or undefined. */
export function uniqueViolation(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError && error.code === '23505' ? error.constraint : undefined
}

/** What was read before a transaction was not the same any more in it (`changed_meanwhile()`, db/migrations/0018-changed-meanwhile.ts). */
export function isChangedMeanwhile(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === 'HS001'
}

/** The name of the foreign key whose row was not there for a statement (23503), or undefined. */
export function foreignKeyViolation(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError && error.code === '23503' ? error.constraint : undefined
}

/**
 * Takes out of an error what Postgres quotes of rows and parameters, because errors end up in logs. What was wrong, in
 * which table and by which constraint, stays.
 */
export function withoutValues(error: pg.DatabaseError): pg.DatabaseError {
  return Object.assign(error, { detail: undefined, where: undefined })
}
