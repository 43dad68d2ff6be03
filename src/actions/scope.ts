import type { MadeUpEvent } from '../../schemas/kinds/input.ts'

/** What templates may say: plain data, made of JSON values alone. */
export type Scope = {
  run: {
    id: string
    trigger: string
    attempt: number
    scheduled_for: string | null
    created_at: string
    /** What it was given by whoever asked for it; empty where nothing was. */
    input: Readonly<Record<string, unknown>>
  }
  automation: { id: string; name: string; kind: string; last_run_at: string | null }
  event: SeenEvent | null
}

/** An event as templates see it. */
export type SeenEvent = {
  id: string | null
  key: string | null
  type: string | null
  headers: unknown
  body: unknown
  received_at: string
  /** Only of one that somebody made up to try an automation out. */
  made_up?: true
}

/** The event in the input of a run, where somebody made one up; else null. @param time when the run was asked for. */
export function madeUpEvent(input: Readonly<Record<string, unknown>>, time: string): SeenEvent | null {
  if (typeof input.event !== 'object' || input.event === null) return null
  const { type, headers, body }: MadeUpEvent = input.event
  return {
    id: null,
    key: null,
    type: type ?? null,
    headers: headers ?? {},
    body: body ?? null,
    received_at: time,
    made_up: true,
  }
}
