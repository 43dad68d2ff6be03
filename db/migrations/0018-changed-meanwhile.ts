import { type Kysely, sql } from 'kysely'

/** What ends a transaction that relies on something that was read before it, where that is not the same any more. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function changed_meanwhile() returns void language plpgsql as $$
    begin
      raise exception 'what was read before was changed meanwhile' using errcode = 'HS001';
    end $$`.execute(db)
}
