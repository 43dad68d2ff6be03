import type { Revision } from '../../db/queries/automation-revisions.ts'
import type { AutomationConfig, AutomationUpdate } from '../../schemas/automations.ts'
import type { Actor } from '../access/actor.ts'

/** Everything of an automation that a revision holds and a reviewer reads. */
export type Content = {
  name: string
  config: AutomationConfig
  description: string | null
  /** Which of the automation's credentials it uses; null without one. */
  credentialVersion: number | null
}

export function contentOf(revision: Revision): Content {
  return {
    name: revision.name,
    config: revision.config as AutomationConfig,
    description: revision.description,
    credentialVersion: revision.credential_version,
  }
}

/** The content after a change; what the change does not name stays. */
export function applyUpdate(actor: Actor, base: Content, update: AutomationUpdate, newCredential: number): Content {
  const described = describe(actor, update.config ?? base.config, update.description)
  return {
    name: update.name?.trim() ?? base.name,
    config: described.config,
    description: described.description === undefined ? base.description : described.description,
    credentialVersion:
      update.oauth_token === undefined ? base.credentialVersion : update.oauth_token === null ? null : newCredential,
  }
}

/**
 * Puts a description where it belongs: what AI staff says of its intent stands in the config as `proposal_note`, where
 * the digest covers it; what a person says stands beside it.
 *
 * @returns a description of undefined where nothing is to be said about it.
 */
export function describe(
  actor: Actor,
  config: AutomationConfig,
  description: string | null | undefined,
): { config: AutomationConfig; description: string | null | undefined } {
  if (actor.type === 'user' || description === undefined) return { config, description }
  const { proposal_note: _, ...rest } = config
  return { config: description === null ? rest : { ...rest, proposal_note: description }, description: undefined }
}
