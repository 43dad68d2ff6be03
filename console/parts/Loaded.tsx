import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Problem } from './Problem.tsx'

type LoadedProps<T> = {
  query: Pick<UseQueryResult<T>, 'isError' | 'error' | 'refetch'> & { data: T | undefined }
  children: (data: T) => ReactNode
}

/** What a query found; until it has, that it is under way, and where it failed, why: beside what was found before, if anything was. */
export function Loaded<T>({ query: { data, isError, error, refetch }, children }: LoadedProps<T>) {
  return (
    <>
      {isError && <Problem error={error} retry={() => refetch()} />}
      {data !== undefined ? children(data) : !isError && <p className="loading">Loading …</p>}
    </>
  )
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
