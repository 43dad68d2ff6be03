import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { ErrorDetail, Preview } from '../api.d.ts'
import { answer, api, Refusal } from '../client.ts'

const DEBOUNCE_MS = 400
const KEPT_MS = 60_000

/** What the server says of what is typed. */
export type Opinion = {
  preview: Preview | undefined
  problems: readonly ErrorDetail[]
  /** Whether it is of what was typed before. */
  isStale: boolean
  /** Why nothing is known. */
  error: Error | null
}

type Asked = { orgId: string; spaceId: string; kind: string; config: string }

/** What a config would do, once nobody has typed for a moment. A question that is outdated is called off. @param config as JSON; undefined where it is none yet */
export function useOpinion(asked: Omit<Asked, 'config'>, config: string | undefined): Opinion {
  const settled = useDebounced(config)
  const query = useQuery({ ...configPreviewQuery({ ...asked, config: settled ?? '' }), enabled: settled !== undefined })
  const isStale = config !== settled || query.isPlaceholderData || query.isPending || config === undefined
  // A config that is refused as a whole has its problems in the refusal.
  if (query.error instanceof Refusal && query.error.details.length > 0)
    return { preview: undefined, problems: query.error.details, isStale, error: null }
  return { preview: query.data, problems: query.data?.problems ?? [], isStale, error: query.error }
}

function configPreviewQuery({ orgId, spaceId, kind, config }: Asked) {
  return queryOptions({
    queryKey: ['config-preview', orgId, spaceId, kind, config],
    queryFn: async ({ signal }) => {
      const path = '/api/v1/organizations/{orgId}/spaces/{spaceId}/automations/preview'
      // As it was written: what JavaScript would make of it may be another config.
      const bodySerializer = () => `{"kind":${JSON.stringify(kind)},"config":${config}}`
      const params = { path: { orgId, spaceId } }
      return (await answer(api.POST(path, { params, body: { kind: kind as Preview['kind'] }, bodySerializer, signal })))
        .preview
    },
    placeholderData: keepPreviousData,
    gcTime: KEPT_MS,
  })
}

function useDebounced<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
