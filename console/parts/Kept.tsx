import type { UseQueryResult } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { Refusal } from '../client.ts'
import { useLiveness } from '../live.ts'
import { Loaded } from './Loaded.tsx'

type KeptProps<T> = {
  query: UseQueryResult<T>
  /** What it is, as in "This automation …". */
  what: string
  /** Where to go where it is not there: a link. */
  back: ReactNode
  children: (data: T) => ReactNode
}

/**
 * What a query found, for a page about one thing. Where that was deleted or closed to the reader while they look, it says so; where
 * the server is away, what was seen last stays.
 */
export function Kept<T>({ query, what, back, children }: KeptProps<T>) {
  const { error, refetch } = query
  const liveness = useLiveness()
  const isAway = liveness === 'away'
  // The stream also ends where the reader's roles were taken away, and no event tells of that.
  useEffect(() => {
    if (isAway) void refetch()
  }, [isAway, refetch])
  if (error instanceof Refusal && (error.status === 404 || error.status === 403))
    return (
      <div className="empty" role="alert">
        <h1>{error.status === 404 ? `This ${what} is not there` : `You may not see this ${what}`}</h1>
        <p>
          {error.status === 404
            ? 'It was deleted, or its address is wrong.'
            : 'Your roles do not allow it, or do not any more. Somebody who manages the organization can change that.'}
        </p>
        <p>{back}</p>
      </div>
    )
  return <Loaded query={query}>{children}</Loaded>
}
