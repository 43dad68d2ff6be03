import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { SpaceEvent } from './api.d.ts'
import { BASE } from './client.ts'
import { userQuery } from './queries.ts'
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
/** The server ends a stream after so long, in seconds, and the browser goes on where it was: one that died without a word is found by that. */
const TURN_SECONDS = 45
/** Without an event or another turn in so long, in milliseconds, a stream is dead. */
const DEAD_MS = 60_000
/** So long, in milliseconds, the browser may take from one turn to the next. */
const BETWEEN_MS = 3000
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
  let [again, watch, between]: (ReturnType<typeof setTimeout> | undefined)[] = []
  let waiting: SpaceEvent[] = []
  const tell = () => {
    const events = waiting
    waiting = []
    for (const key of keysOf(orgId, events)) void client.invalidateQueries({ queryKey: key })
  }
  const lives = () => {
    clearTimeout(watch)
    watch = setTimeout(open, DEAD_MS)
  }
  const take = ({ data }: MessageEvent<string>) => {
    lives()
    if (waiting.push(JSON.parse(data)) === 1) setTimeout(tell, TOGETHER_MS)
  }
  const opened = () => {
    lives()
    clearTimeout(between)
    // Nobody knows what happened meanwhile.
    if (liveness.get() === 'away') void client.invalidateQueries({ queryKey: [orgId] })
    liveness.set('live')
  }
  const broken = () => {
    clearTimeout(between)
    // A connection that broke or ended the browser makes anew by itself; what was refused it gives up.
    if (source.readyState === EventSource.CONNECTING) {
      between = setTimeout(() => liveness.set('away'), BETWEEN_MS)
      return
    }
    liveness.set('away')
    clearTimeout(watch)
    clearTimeout(again)
    again = setTimeout(open, AGAIN_MS)
    // It may be that nobody is logged in any more.
    void client.invalidateQueries({ queryKey: userQuery.queryKey })
  }
  const open = () => {
    // One that was there before has said nothing for too long.
    source?.close()
    if (source !== undefined) liveness.set('away')
    source = new EventSource(`${BASE}/api/v1/organizations/${orgId}/events?timeout_seconds=${TURN_SECONDS}`)
    for (const type of TYPES) source.addEventListener(type, take)
    source.addEventListener('open', opened)
    source.addEventListener('error', broken)
    lives()
  }
  liveness.set('connecting')
  open()
  return () => {
    for (const timer of [again, watch, between]) clearTimeout(timer)
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
