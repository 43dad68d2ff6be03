import { createStore } from '../store.ts'

/** A rejection that is being written. */
export type Draft = { reason: string; code: string; paths: ReadonlySet<string> }

const NONE: Draft = { reason: '', code: '', paths: new Set() }
const drafts = createStore<ReadonlyMap<string, Draft>>(new Map())

/** What somebody has begun to write of an automation. It stays while they look at others, and where the proposal is changed. */
export function useDraft(automationId: string): [Draft, (change: Partial<Draft>) => void] {
  const draft = drafts.use().get(automationId) ?? NONE
  return [draft, (change) => set(automationId, { ...(drafts.get().get(automationId) ?? NONE), ...change })]
}

/** Forgets it: it was sent. */
export function dropDraft(automationId: string): void {
  set(automationId, NONE)
}

function set(automationId: string, draft: Draft): void {
  const next = new Map(drafts.get())
  if (draft === NONE) next.delete(automationId)
  else next.set(automationId, draft)
  drafts.set(next)
}
