import type { Kysely } from 'kysely'
import * as automationRevisions from '../../db/queries/automation-revisions.ts'
import * as automationSecrets from '../../db/queries/automation-secrets.ts'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { FindApproved } from '../actions/action.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { Cipher } from '../secrets/cipher.ts'
import { openSlots } from '../secrets/sealed.ts'
import { contentOf } from './content.ts'
import { digestOf } from './revisions.ts'

/** Makes what finds what another automation of a space does, while it is exactly what a person let run. */
export function createFindApproved(db: Kysely<DB>, cipher: Cipher, kinds: Kinds): FindApproved {
  return async (space, id) => {
    const found = await automations.findForRun(db, space, id)
    if (found === undefined) return { problem: 'it is not in this space' }
    if (found.status !== 'active') return { problem: `it is ${found.status}` }
    if (found.problems !== null) return { problem: 'its config is not whole' }
    const [revision] = await automationRevisions.findMany(db, space, id, [found.revision])
    const content = revision && contentOf(revision)
    const digest = content && digestOf(id, found.kind, content)
    if (content === undefined || digest === undefined || digest !== found.approved_digest)
      return { problem: 'its present content is not approved' }
    const action = kinds.find(found.kind)?.effect?.(content.config, {})
    if (action === undefined) return { problem: 'this server does not know its kind' }
    const { secretVersions } = content
    const owner = automationSecrets.ownerOf(space, id)
    const sealed = await automationSecrets.listWanted(db, [{ ...owner, versions: secretVersions }])
    return { action, digest, secrets: openSlots(cipher, sealed), secretVersions }
  }
}
