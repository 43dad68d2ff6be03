import { type TProperties, Type } from '@sinclair/typebox'
import { closed } from './component.ts'

// What the tools of AI staff take and answer (plugins/mcp/). Models read these, all at once and with every conversation: so they are
// short, and hold no references. What an answer consists of is said in full by the operation that a tool calls.

const text = (description: string) => Type.String({ description })
const spaceId = text('From get_workspace.')
const automationId = Type.String()
const digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$', description: 'From the last answer about it.' })
const note = Type.String({ maxLength: 4000, description: 'Why: shown to the reviewer beside the change.' })
const config = Type.Unsafe<Record<string, unknown>>({ type: 'object', description: 'See get_kind.' })
const cursor = text('next_cursor of the last answer.')
const waitSeconds = Type.Integer({ minimum: 0, maximum: 50 })
const limit = Type.Integer({ minimum: 1, maximum: 50 })

const list = Type.Unsafe<unknown[]>({ type: 'array' })
const object = Type.Unsafe<Record<string, unknown>>({ type: 'object' })
const textOrNull = Type.Unsafe<string | null>({ type: ['string', 'null'] })
/** Open: an answer that was cut says so in `cut`. */
const answer = <T extends TProperties>(properties: T) => Type.Object(properties)

const proposed = {
  automation_id: Type.String(),
  revision: Type.Integer(),
  digest: Type.String(),
  status: Type.String(),
  review_url: text('For people.'),
  problems: list,
  warnings: list,
}

/** Input and output of each, by name. */
export const TOOL_SCHEMAS = {
  get_workspace: {
    input: closed({}),
    output: answer({ organization_id: Type.String(), spaces: list, kinds: list, pending: object }),
  },
  get_kind: {
    input: closed({ kind: text('From get_workspace.') }),
    output: answer({
      kind: Type.String(),
      config_schema: object,
      example: object,
      required_to_run: list,
      runs: Type.Boolean(),
    }),
  },
  preview_automation: {
    input: closed({
      space_id: spaceId,
      kind: Type.Optional(text('With config: of something not saved.')),
      config: Type.Optional(config),
      automation_id: Type.Optional(text('Instead: of what is saved.')),
    }),
    output: answer({ preview: object }),
  },
  list_automations: {
    input: closed({
      space_id: spaceId,
      status: Type.Optional(text('draft, pending_approval, active, paused or rejected.')),
      kind: Type.Optional(Type.String()),
      mine: Type.Optional(Type.Boolean({ description: 'Only what you proposed.' })),
      limit: Type.Optional(limit),
      cursor: Type.Optional(cursor),
    }),
    output: answer({ automations: list, next_cursor: textOrNull }),
  },
  get_automation: {
    input: closed({ space_id: spaceId, automation_id: automationId }),
    output: answer({ automation: object, review_url: Type.String(), from_outside: object }),
  },
  propose_automation: {
    input: closed({
      space_id: spaceId,
      name: Type.String({ minLength: 1, maxLength: 200 }),
      kind: Type.String(),
      config,
      note,
    }),
    output: answer({ ...proposed, already_proposed: Type.Boolean() }),
  },
  revise_automation: {
    input: closed({
      space_id: spaceId,
      automation_id: automationId,
      based_on_digest: digest,
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      config: Type.Optional(config),
      note: Type.Optional(note),
    }),
    output: answer({ ...proposed, changes: list }),
  },
  withdraw_proposal: {
    input: closed({ space_id: spaceId, automation_id: automationId, digest }),
    output: answer({ withdrawn: Type.Boolean(), automation_id: Type.String() }),
  },
  wait_for_decision: {
    input: closed({ space_id: spaceId, automation_id: automationId, digest, wait_seconds: Type.Optional(waitSeconds) }),
    output: answer({
      outcome: text('pending, approved, rejected, expired, superseded or withdrawn.'),
      reason: textOrNull,
      code: textOrNull,
      paths: list,
    }),
  },
  list_runs: {
    input: closed({
      space_id: spaceId,
      automation_id: automationId,
      status: Type.Optional(Type.String()),
      limit: Type.Optional(limit),
      cursor: Type.Optional(cursor),
    }),
    output: answer({ runs: list, next_cursor: textOrNull }),
  },
  get_run: {
    input: closed({ space_id: spaceId, automation_id: automationId, run_id: Type.String() }),
    output: answer({ run: object, from_outside: object }),
  },
  // Of Hyperspeed's own proxy.
  'space.automation.propose': {
    input: closed({
      space_id: spaceId,
      name: Type.String({ minLength: 1, maxLength: 200 }),
      kind: Type.String(),
      config: Type.Optional(config),
      note: Type.Optional(note),
    }),
    output: answer({ ...proposed, already_proposed: Type.Boolean() }),
  },
} as const

export type ToolName = keyof typeof TOOL_SCHEMAS
