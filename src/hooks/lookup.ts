import type { Database } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'
import { gather } from '../../db/gather.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { AutomationConfig } from '../../schemas/automations.ts'
import type { ActionConfig } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import { contentOf } from '../automations/content.ts'
import { digestOf } from '../automations/revisions.ts'
import { tryAgain } from '../errors.ts'
import type { Intake } from '../kinds/kind.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { openSecrets } from '../secrets/sealed.ts'
import { readStored } from '../stored.ts'

/** A hook that takes events, and what stands behind it. */
export type Hook = {
  /** What was read of it, by which the database knows whether it is still so. */
  state: webhooks.WebhookState
  organizationId: string
  spaceId: string
  automationId: string
  /** Whether its events are kept and set nothing off: it is paused, or its config is not whole. */
  isIdle: boolean
  name: string
  config: AutomationConfig
  intake: Intake
  /** What its runs do, where that is what its digest says and a person let run; undefined where nothing runs. */
  action: ActionConfig | undefined
  /** The present secret, and the one before while it holds. */
  secrets: string[]
}

const MAX_AT_ONCE = 500
const MAX_REMEMBERED = 1000
const MAX_HOOK_ID_LENGTH = 100
/** When a sender may come again to a hook that can't be read: somebody has to mend it first. */
const UNREADABLE_SECONDS = 60

export type Lookup = {
  /**
   * What was found the last time, or undefined. It may have changed since, in any process: nothing may come of it unless the
   * database says in the same breath that it is still so.
   */
  recall(hookId: string): Hook | undefined
  /**
   * Reads a hook as it is after the call; calls at the same time share one statement.
   *
   * @returns undefined where there is none, or where nobody has let it run.
   * @throws ApiError `unavailable` where what is stored of it can't be read, as where no key opens its secret.
   */
  find(hookId: string): Promise<Hook | undefined>
}

export type LookupOptions = { db: Database; cipher: Cipher; actions: Pick<Actions, 'problems'>; kinds: Kinds }

/** Makes what finds hooks by their ids. */
export function createLookup({ db, cipher, actions, kinds }: LookupOptions): Lookup {
  const isReadable = readability(kinds, actions)
  const found = new Map<string, Hook>()
  const find = gather(
    async (hookIds: readonly string[]) => {
      const rows = await webhooks.list(db, [...new Set(hookIds)])
      const hooks = new Map(rows.map((row) => [row.hook_id, readStored(() => toHook(row, kinds, cipher, isReadable))]))
      if (found.size + hooks.size > MAX_REMEMBERED) found.clear()
      for (const [id, read] of hooks)
        if ('value' in read && read.value !== undefined) found.set(id, read.value)
        else found.delete(id)
      return hookIds.map((id) => hooks.get(id))
    },
    { most: MAX_AT_ONCE, concurrency: 1, isFinal: isUnavailable },
  )
  return {
    recall: (hookId) => found.get(hookId),
    // What can't be an id is looked for all the same: it must not be answered sooner.
    async find(hookId) {
      const read = await find(/^\w[\w-]*$/.test(hookId) ? hookId.slice(0, MAX_HOOK_ID_LENGTH) : '')
      if (read === undefined || 'value' in read) return read?.value
      throw Object.assign(tryAgain('unavailable', UNREADABLE_SECONDS), { cause: read.problem })
    },
  }
}

type IsReadable = (kind: string, digest: string, config: AutomationConfig) => boolean

function toHook(row: webhooks.Webhook, kinds: Kinds, cipher: Cipher, isReadable: IsReadable): Hook | undefined {
  const { kind } = row
  const config = row.config as AutomationConfig
  const { intake } = kinds.find(kind) ?? {}
  const isLive = row.status === 'paused' || (row.status === 'active' && row.approved_digest === row.digest)
  if (intake === undefined || !isLive || !isReadable(kind, row.digest, config)) return undefined
  const isIdle = row.status === 'paused' || !row.is_whole
  return {
    state: webhooks.stateOf(row),
    organizationId: row.organization_id,
    spaceId: row.space_id,
    automationId: row.automation_id,
    isIdle,
    name: row.name,
    config,
    intake,
    action: isIdle ? undefined : actionOf(row, kinds),
    secrets: openSecrets(cipher, row.secrets),
  }
}

/** Fails closed, as the executor does before each run: nothing where the content is not what its digest says. */
function actionOf(row: webhooks.Webhook, kinds: Kinds): ActionConfig | undefined {
  const read = readStored(() => {
    const content = contentOf({ ...row, description: null })
    const isApproved = row.approved_digest === digestOf(row.automation_id, row.kind, content)
    return isApproved ? kinds.get(row.kind).effect?.(content.config, {}) : undefined
  })
  return 'value' in read ? read.value : undefined
}

/** Whether what a config says is right, be it whole or not: so events can be read by it. Asked for each request; follows from the digest. */
function readability(kinds: Kinds, actions: Pick<Actions, 'problems'>): IsReadable {
  const known = new Map<string, boolean>()
  return (kind, digest, config) => {
    const found = known.get(digest)
    if (found !== undefined) return found
    const isReadable = kinds.problems(kind, config, { actions, secrets: null }).every(({ isMissing }) => isMissing)
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(digest, isReadable)
    return isReadable
  }
}
