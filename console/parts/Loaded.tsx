import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Problem } from './Problem.tsx'

type LoadedProps<T> = { query: UseQueryResult<T>; children: (data: T) => ReactNode }

/** What a query found; until it has, that it is under way, and where it failed, why. */
export function Loaded<T>({ query, children }: LoadedProps<T>) {
  if (query.isError) return <Problem error={query.error} retry={() => query.refetch()} />
  if (query.isPending) return <p className="loading">Loading …</p>
  return children(query.data)
}

/** Asks for the next page of a list, where there is one. */
export function More({ of: list }: { of: UseInfiniteQueryResult }) {
  if (!list.hasNextPage) return null
  return (
    <button type="button" onClick={() => list.fetchNextPage()} disabled={list.isFetchingNextPage}>
      {list.isFetchingNextPage ? 'Loading …' : 'Show more'}
    </button>
  )
}
