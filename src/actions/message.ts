import type { Kysely } from 'kysely'
import { gather } from '../../db/gather.ts'
import { newId } from '../../db/new-id.ts'
import * as chatMessages from '../../db/queries/chat-messages.ts'
import * as chatRooms from '../../db/queries/chat-rooms.ts'
import * as digests from '../../db/queries/digests.ts'
import type { DB } from '../../db/types.ts'
import { MessageAction } from '../../schemas/actions/message.ts'
import type { Action, Fill, Saying } from './action.ts'
import { FillError } from './filling.ts'
import { replacedWarnings } from './preview-warnings.ts'
import type { Scope } from './scope.ts'
import { textProblems } from './template.ts'

const MAX_TOGETHER = 400

type Text = { text: string }

/** Says something in a chat room of the space, as the program itself. */
export function createMessageAction(db: Kysely<DB>): Action<MessageAction> {
  const write = gather((messages: readonly chatMessages.ProgramMessage[]) => writeAll(db, messages), {
    most: MAX_TOGETHER,
  })
  return {
    type: 'message',
    schema: MessageAction,
    problems: ({ text }) => textProblems(text),
    profile: () => ({ hosts: [], secrets: [], warnings: [] }),
    async preview({ channel, text }, { fill }) {
      const { value, replaced } = await fill({ text: text ?? 'a digest of what the automations of this space did' })
      const { text: filled } = value as Text
      const action = { type: 'message', channel, text: filled, length: filled.length }
      return { action, hosts: [], warnings: replacedWarnings(replaced) }
    },
    async run({ channel, text }, { organizationId, spaceId, automationId, runId, scope, fill }) {
      const space = { organizationId, id: spaceId }
      let content: string
      try {
        content = await contentOf(db, space, text, scope, fill)
      } catch (error) {
        if (error instanceof FillError) return { ok: false, error: error.message, retry: 'no' }
        throw error
      }
      const { message, output } = sayingOf(channel, content, { automationId, runId })
      await write({ id: runId, organization_id: organizationId, space_id: spaceId, ...message })
      return { ok: true, output }
    },
    say({ channel, text }, { fillNow, ...run }) {
      // A digest of a space has to be read.
      const filled = text === undefined ? undefined : fillNow({ text })
      return filled && sayingOf(channel, textIn(filled.value), run)
    },
  }
}

/** The message has the id of its run: a run that is taken over says nothing twice. */
function sayingOf(room: string, content: string, run: { automationId: string; runId: string }): Saying {
  const { automationId: automation_id, runId: run_id } = run
  return {
    message: { room, content, metadata: { automation_id, run_id } },
    output: { channel: room, message_id: run_id, length: content.length },
  }
}

function textIn(filled: unknown): string {
  return (filled as Text).text || '(empty)'
}

/** Most rooms are there; those that are missing are made. */
async function writeAll(db: Kysely<DB>, messages: readonly chatMessages.ProgramMessage[]): Promise<readonly unknown[]> {
  const written = await chatMessages.insertOnce(db, messages)
  const others = messages.filter(({ id }) => !written.has(id))
  if (others.length === 0) return messages
  await db.transaction().execute(async (trx) => {
    const rooms = others.map(({ organization_id, space_id, room }) => ({
      id: newId(),
      organization_id,
      space_id,
      name: room,
    }))
    await chatRooms.insertMissing(trx, rooms)
    await chatMessages.insertOnce(trx, others)
  })
  return messages
}

async function contentOf(
  db: Kysely<DB>,
  space: { organizationId: string; id: string },
  text: string | undefined,
  scope: Scope,
  fill: Fill,
): Promise<string> {
  if (text !== undefined) return textIn((await fill({ text })).value)
  const since = scope.automation.last_run_at === null ? null : new Date(scope.automation.last_run_at)
  const { succeeded, failed, other, pending, next } = await digests.find(db, space, since)
  const parts = [
    `${scope.automation.name}: ${succeeded} succeeded, ${failed} failed${other > 0 ? `, ${other} otherwise ended` : ''} since the last one.`,
    pending > 0 ? `${pending} waiting for approval.` : '',
    next === null ? '' : `Next: ${next.name} at ${next.next_run_at}.`,
  ]
  return parts.filter(Boolean).join(' ')
}
