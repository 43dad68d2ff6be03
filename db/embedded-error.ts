/** The embedded Postgres can't be started; the message is one line for a person. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
}
