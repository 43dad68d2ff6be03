import { type AliasableExpression, type Kysely, type RawBuilder, sql } from 'kysely'
import type { DB } from './types.ts'

/** A page of a list, and whether more follows. */
export type Page<T> = { rows: T[]; hasMore: boolean }

type Cut = {
  /** How many rows it has at the most. */
  most: number
  /** The order of the list, by the names of its columns. */
  order: RawBuilder<unknown>
  /** About how many bytes a row is (bytes.ts), by the names of its columns. */
  bytes: RawBuilder<number>
}

/** The most that the rows of one page are together; the first is on it whatever it is. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/**
 * Reads a page that ends early where its rows are large, so that nothing that is stored can make an answer too large for this process.
 * What is cut off is not read.
 *
 * @param rows the list from where the page begins, with a limit of `most + 1`: one more tells whether another page follows.
 */
export async function boundedPage<T>(
  db: Kysely<DB>,
  rows: AliasableExpression<T>,
  { most, order, bytes }: Cut,
): Promise<Page<T>> {
  const { rows: found } = await sql<T & { rows_in_all: number; bytes_before: string }>`
    select * from (
      select listed.*, (count(*) over ())::integer as rows_in_all,
             coalesce(sum(${bytes}) over (order by ${order} rows between unbounded preceding and 1 preceding), 0) as bytes_before
        from ${rows.as('listed')}
    ) counted
     where bytes_before < ${sql.lit(MAX_PAGE_BYTES)}
     order by ${order}`.execute(db)
  const page = found.slice(0, most).map(({ rows_in_all: _, bytes_before: __, ...row }) => row as T)
  return { rows: page, hasMore: (found[0]?.rows_in_all ?? 0) > page.length }
}

/** A row in a list that is the oldest first, and by id among those of the same time. */
export type Place = { createdAt: Date; id: string }

/** A piece of a list that is read piece by piece: `most` rows behind one, or from the beginning. */
export type Piece = { after: Place | null; most: number }

/** Whether a row comes behind the beginning of a piece, by the names of its columns. Neither of them ever changes. */
export function isBehind(createdAt: string, id: string, { after }: Piece): RawBuilder<boolean> {
  return sql<boolean>`(${after?.id ?? null}::uuid is null
    or (${sql.ref(createdAt)}, ${sql.ref(id)}) > (${after?.createdAt ?? null}::timestamptz, ${after?.id ?? null}::uuid))`
}
