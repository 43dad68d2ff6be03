import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { SpaceEvent } from './api.d.ts'
import { BASE } from './client.ts'
import { createStore } from './store.ts'

/** Whether what is shown is told of changes. */
export type Liveness = 'connecting' | 'live' | 'away'

const TYPES = [
  'automation.created',
  'automation.updated',
  'automation.deleted',
  'run.created',
  'run.updated',
  'reset',
] as const
/** A stream that was refused is asked for again after so long, in milliseconds. */
const AGAIN_MS = 5000
/** What happens in so short a time is read once. */
const TOGETHER_MS = 250

const liveness = createStore<Liveness>('connecting')

/** Whether what is shown is told of changes, now. */
export const useLiveness = liveness.use

/** Follows an organization in one stream, and has what is shown of it read anew as it changes. */
export function useLive(orgId: string): void {
  const client = useQueryClient()
  useEffect(() => follow(orgId, client), [orgId, client])
}

function follow(orgId: string, client: QueryClient): () => void {
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  let waiting: SpaceEvent[] = []
  const tell = () => {
    const events = waiting
    waiting = []
    for (const key of keysOf(orgId, events)) void client.invalidateQueries({ queryKey: key })
  }
  const take = ({ data }: MessageEvent<string>) => {
    if (waiting.push(JSON.parse(data)) === 1) setTimeout(tell, TOGETHER_MS)
  }
  const open = () => {
    source = new EventSource(`${BASE}/api/v1/organizations/${orgId}/events`)
    for (const type of TYPES) source.addEventListener(type, take)
    source.addEventListener('open', () => liveness.set('live'))
    source.addEventListener('error', () => {
      liveness.set('away')
      // A connection that broke it makes anew by itself; what was refused it gives up.
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS)
    })
  }
  liveness.set('connecting')
  open()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}

/** What events make stale, by the keys of queries (queries.ts), each once. */
function keysOf(orgId: string, events: readonly SpaceEvent[]): readonly string[][] {
  if (events.some(({ type }) => type === 'reset')) return [[orgId]]
  const keys = new Map<string, string[]>()
  const add = (...key: string[]) => keys.set(key.join(' '), key)
  for (const { type, space_id: spaceId, automation_id: automationId } of events) {
    if (type.startsWith('run.')) add(orgId, 'runs', spaceId ?? '')
    else {
      add(orgId, 'reviews')
      add(orgId, 'automations', spaceId ?? '')
    }
    add(orgId, 'automation', automationId ?? '')
  }
  return [...keys.values()]
}
