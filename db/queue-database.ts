import { createPool } from './connection.ts'

const CONNECTIONS = 4
/** A statement of the queue that takes longer is not answered any more. */
const ANSWER_WITHIN_MS = 12_000
/** Making its tables, or bringing them up to a newer version, may take long where there are many jobs. */
const START_WITHIN_MS = 10 * 60_000

/** What pg-boss runs its statements on. */
export type QueueDatabase = {
  // biome-ignore lint/suspicious/noExplicitAny: pg-boss asks for rows of any kind, and knows its own
  executeSql(text: string, values?: unknown[]): Promise<{ rows: any[] }>
  /** From now on no statement may take longer than those of its work. */
  hasStarted(): void
  close(): Promise<void>
}

/** Connections for the queue. pg-boss's own wait for an answer without an end. */
export function openQueueDatabase(url: string, onError: (error: Error) => void): QueueDatabase {
  const pool = createPool(url, { answerWithin: START_WITHIN_MS }, { max: CONNECTIONS, onError })
  let answerWithin = START_WITHIN_MS
  return {
    executeSql(text, values = []) {
      const statement = { text, values, query_timeout: answerWithin }
      return pool.query(statement)
    },
    hasStarted() {
      answerWithin = ANSWER_WITHIN_MS
    },
    close: () => pool.end(),
  }
}
