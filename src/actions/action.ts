import type { TSchema } from '@sinclair/typebox'
import type { Space } from '../../db/space.ts'
import type { ConfigProblem } from '../errors.ts'
import type { Failure } from '../failure.ts'
import type { SecretValues } from '../secrets/sealed.ts'
import type { Filled, UsableSecrets } from './filling.ts'
import type { Scope } from './scope.ts'

/** What sets an action off: its `type`, and what the action of that type takes. */
export type ActionConfig = { type: string } & Record<string, unknown>

/** What is known of an automation when the config of its action is checked. */
export type ActionFacts = {
  /** The names of its named secrets; null where nothing is stored yet that could have some. */
  secrets: ReadonlySet<string> | null
  /** That it is what its kind does by itself, and not what its config names. */
  isOfKind?: true
}

/**
 * Fills in each string of a JSON value that is a template, all within one limit, by the scope of the run or preview that it belongs to.
 *
 * @param secrets where the templates may use them.
 * @throws FillError where one can't be filled in.
 */
export type Fill = (templates: unknown, secrets?: UsableSecrets) => Promise<Filled>

/** What another automation of a space does, with its secrets, while it is exactly what a person let run; or why it is not. */
export type FindApproved = (
  space: Space,
  automationId: string,
) => Promise<
  | { action: ActionConfig; digest: string; secrets: SecretValues; secretVersions: Readonly<Record<string, number>> }
  | { problem: string }
>

/** What an action may use besides its own config. */
export type ActionContext = {
  organizationId: string
  spaceId: string
  automationId: string
  runId: string
  /** Counts from 1. An action that may be repeated by its receiver's rules names it there. */
  attempt: number
  scope: Scope
  fill: Fill
  /** Those that the approved content names, by slot. */
  secrets: SecretValues
  /** Which version each of them is. */
  secretVersions: Readonly<Record<string, number>>
  /** Aborted when the run is cancelled, taken away or out of time. */
  signal: AbortSignal
  /**
   * Must be waited for before the first byte of an effect leaves that must not be repeated (`repeat: 'ask'`). It commits what
   * is about to be sent; whoever finds that later, in whichever process, begins nothing again.
   *
   * @param sent shown to people: secrets as `•••`.
   * @param repeatableUntil until when the same may be sent again in its name, because the receiver knows a repeat; counted from the
   *   first time.
   * @throws Error where the attempt is not the run's any more: then nothing may be sent.
   */
  sending(sent: Record<string, unknown>, repeatableUntil?: Date | null): Promise<void>
  /** What an attempt before this one was about to send, and may have sent: the same may be sent again. Null for nothing. */
  sentBefore: Record<string, unknown> | null
}

/**
 * What came of an action. `output` and `error` are kept and shown: never a secret in them. After {@link ActionContext.sending}, a
 * failure whose `retry` is `yes`, or a number of seconds, certainly had no effect, unless it says `isInDoubt`; the run of one that
 * does is `unknown` where it is not tried again.
 */
export type ActionResult = { ok: true; output: Record<string, unknown>; externalRef?: string } | Failure

/** What a run says in a room of its space, and what it puts out then. */
export type Saying = {
  message: { room: string; content: string; metadata: Record<string, unknown> }
  output: Record<string, unknown>
}

/** What is known of a run that would begin and end at once. */
export type SayingContext = Pick<ActionContext, 'automationId' | 'runId'> & {
  /** Fills in like {@link Fill}; undefined where that takes more than a moment, or can't be done. */
  fillNow: (templates: unknown) => Filled | undefined
}

/** What is known where nothing runs. */
export type PreviewContext = {
  space: Space
  scope: Scope
  fill: Fill
  /** When the credential was set that it would use; null where there is none. */
  credentialSetAt: Date | null
  /** Whether whoever looks may have others asked: what AI staff writes sends nothing anywhere before a person has approved it. */
  mayAsk: boolean
}

/** What an action would do, for a reviewer: no side effect, secrets as `•••`. `hosts` are those that it would send to. */
export type ActionPreview = { action: Record<string, unknown>; hosts: string[]; warnings: string[] }

/** What is plain of a config before anything is filled in. */
export type ActionProfile = {
  /** The hosts that it sends to, with a port that is not the usual one, in lower case; none where they are filled in later. */
  hosts: string[]
  /** The names of the secrets that it uses. */
  secrets: string[]
  /** What a reviewer should know. */
  warnings: string[]
}

/** Something that a trigger can do. One file each; the registry is src/actions/index.ts. */
export type Action<C> = {
  type: string
  /** Whether no config can name it: it is what some kind does by itself. */
  isInternal?: true
  /** The named component of its config, `type` included. */
  schema: TSchema & { $id: string }
  /** What the schema can't say. Paths are JSON pointers into the action's config. */
  problems(config: C, facts: ActionFacts): ConfigProblem[]
  profile(config: C): ActionProfile
  preview(config: C, context: PreviewContext): Promise<ActionPreview>
  run(config: C, context: ActionContext): Promise<ActionResult>
  /**
   * Of an action that does nothing but say something in a room: what `run` would say, so that it can be written with the run itself.
   * Undefined where that is not plain at once.
   */
  say?(config: C, context: SayingContext): Saying | undefined
}
