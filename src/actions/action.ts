import type { TSchema } from '@sinclair/typebox'
import type { ErrorDetail } from '../errors.ts'

/** What templates may say: plain data, made of JSON values alone. */
export type Scope = {
  run: { id: string; trigger: string; attempt: number; scheduled_for: string | null; created_at: string }
  automation: { id: string; name: string; kind: string; last_run_at: string | null }
  event: unknown
}

/** What an action may use besides its own config. */
export type ActionContext = {
  organizationId: string
  spaceId: string
  automationId: string
  runId: string
  /** Counts from 1. An action that may be repeated by its receiver's rules names it there. */
  attempt: number
  scope: Scope
  /** Aborted when the run is cancelled, taken away or out of time. */
  signal: AbortSignal
}

/**
 * What came of an action. `output` and `error` are kept and shown: never a secret in them.
 *
 * `retry` of a failure: `yes` where it may work later, a number of seconds where the receiver said when, `no` where it never
 * will, and `unknown` where it may have had its effect already and must not be repeated blindly.
 */
export type ActionResult =
  | { ok: true; output: Record<string, unknown>; externalRef?: string }
  | {
      ok: false
      error: string
      retry: 'yes' | 'no' | 'unknown' | { afterSeconds: number }
      output?: Record<string, unknown>
    }

/** What an action would do, for a reviewer: no side effect, secrets as `•••`. */
export type ActionPreview = { action: Record<string, unknown>; warnings: string[] }

/** Something that a trigger can do. One file each; the registry is src/actions/index.ts. */
export type Action<C> = {
  type: string
  /** The named component of its config, `type` included. */
  schema: TSchema & { $id: string }
  /** What the schema can't say. Paths are JSON pointers into the action's config. */
  validate(config: C): ErrorDetail[]
  preview(config: C, scope: Scope): ActionPreview
  run(config: C, context: ActionContext): Promise<ActionResult>
}
