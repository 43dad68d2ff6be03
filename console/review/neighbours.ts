import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Review } from '../api.d.ts'
import { type QueueFilter, reviewsQuery } from '../queries.ts'

/** What waits before and after a proposal in the queue. Of one that does not wait any more, what stands in its place comes next. */
export function useNeighbours(
  orgId: string,
  filter: QueueFilter,
  automationId: string,
): { previous: Review | undefined; next: Review | undefined } {
  const queue = useInfiniteQuery(reviewsQuery(orgId, filter))
  const reviews = queue.data?.pages.flatMap((page) => page.reviews) ?? []
  const index = reviews.findIndex((each) => each.automation_id === automationId)
  const last = useRef(0)
  useEffect(() => {
    if (index >= 0) last.current = index
  }, [index])
  const isNearEnd = index >= reviews.length - 2
  useEffect(() => {
    if (isNearEnd && queue.hasNextPage && !queue.isFetching) void queue.fetchNextPage()
  }, [isNearEnd, queue])
  const at = index >= 0 ? index : last.current
  return { previous: reviews[at - 1], next: reviews[index >= 0 ? at + 1 : at] }
}
