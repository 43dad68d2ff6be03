import type { Review } from '../api.d.ts'
import { createStore } from '../store.ts'

/** Where a tab keeps what was opened in it, for as long as it lives. */
const KEPT = 'hyperspeed.opened'
/** What was opened before the last of these is opened again before it is approved among others. */
const MAX_KEPT = 1000

const opened = createStore<ReadonlySet<string>>(new Set(read()))

/** Which proposals were shown whole, by {@link keyOf}. */
export const useOpened = opened.use

/** What somebody sees of a proposal: a content of an automation, and what runs meanwhile, to which it is shown as a difference. */
export function keyOf({ automation_id, digest, base_digest }: Review): string {
  return `${automation_id} ${digest} ${base_digest}`
}

/** The proposal that somebody looked at last: a queue goes on from there. */
export const lastOpened: { automationId: string | undefined } = { automationId: undefined }

/** Takes note that a proposal was shown whole, with what would happen. */
export function noteOpened(review: Review): void {
  lastOpened.automationId = review.automation_id
  const key = keyOf(review)
  if (opened.get().has(key)) return
  const keys = [...opened.get(), key].slice(-MAX_KEPT)
  opened.set(new Set(keys))
  sessionStorage.setItem(KEPT, JSON.stringify(keys))
}

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]')
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}
