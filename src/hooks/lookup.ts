import type { Database } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'
import * as webhooks from '../../db/queries/webhooks.ts'
import type { AutomationConfig, AutomationKind } from '../../schemas/automations.ts'
import type { Actions } from '../actions/index.ts'
import { gather } from '../gather.ts'
import { KINDS } from '../kinds/index.ts'
import type { Intake } from '../kinds/kind.ts'
import { openSecrets } from '../secrets/automation-secrets.ts'
import type { Cipher } from '../secrets/cipher.ts'

/** A hook that takes events, and what stands behind it. */
export type Hook = {
  organizationId: string
  spaceId: string
  automationId: string
  isPaused: boolean
  revision: number
  digest: string
  config: AutomationConfig
  intake: Intake
  /** The present secret, and the one before while it holds. */
  secrets: string[]
}

const MOST_AT_ONCE = 500
const MOST_REMEMBERED = 1000
const LONGEST_HOOK_ID = 100

/**
 * Makes a function that finds hooks by their id. Each call reads what is there after it was made, so that a change holds
 * from the next request on; calls at the same time share one statement.
 *
 * @returns undefined where there is none, or where nobody has let it run.
 */
export function createLookup(
  db: Database,
  cipher: Cipher,
  actions: Pick<Actions, 'validate'>,
): (hookId: string) => Promise<Hook | undefined> {
  const isValid = validity(actions)
  const find = gather(
    async (hookIds: readonly string[]) => {
      const rows = await webhooks.list(db, [...new Set(hookIds)])
      const hooks = new Map(rows.map((row) => [row.hook_id, toHook(row, cipher, isValid)]))
      return hookIds.map((id) => hooks.get(id))
    },
    { most: MOST_AT_ONCE, concurrency: 1, isFinal: isUnavailable },
  )
  // What can't be an id is looked for all the same: it must not be answered sooner.
  return (hookId) => find(/^\w[\w-]*$/.test(hookId) ? hookId.slice(0, LONGEST_HOOK_ID) : '')
}

type IsValid = (kind: AutomationKind, digest: string, config: AutomationConfig) => boolean

function toHook(row: webhooks.Webhook, cipher: Cipher, isValid: IsValid): Hook | undefined {
  const kind = row.kind as AutomationKind
  const config = row.config as AutomationConfig
  const { intake } = KINDS[kind]
  const isLive = row.status === 'paused' || (row.status === 'active' && row.approved_digest === row.digest)
  if (intake === null || !isLive || !isValid(kind, row.digest, config)) return undefined
  return {
    organizationId: row.organization_id,
    spaceId: row.space_id,
    automationId: row.automation_id,
    isPaused: row.status === 'paused',
    revision: row.revision,
    digest: row.digest,
    config,
    intake,
    secrets: openSecrets(cipher, row.secrets),
  }
}

/** Whether a config is valid, which is asked for each request and follows from the digest. */
function validity(actions: Pick<Actions, 'validate'>): IsValid {
  const known = new Map<string, boolean>()
  return (kind, digest, config) => {
    const found = known.get(digest)
    if (found !== undefined) return found
    const isValid = KINDS[kind].validate(config, actions).length === 0
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(digest, isValid)
    return isValid
  }
}
