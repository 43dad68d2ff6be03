import { OAUTH_SLOT } from '../../db/queries/automation-secrets.ts'
import type { AutomationConfig, AutomationCreate, AutomationUpdate } from '../../schemas/automations.ts'
import type { Actor } from '../access/actor.ts'
import type { ErrorDetail } from '../errors.ts'

/** Everything of an automation that a revision holds and a reviewer reads. */
export type Content = {
  name: string
  config: AutomationConfig
  description: string | null
  /** Which version of each secret it uses, by slot: `oauth` for the credential, `secrets.name` for the named ones. */
  secretVersions: Readonly<Record<string, number>>
}

/** What keeps the content that an automation shows from running; empty where it is whole. */
export type Problems = readonly ErrorDetail[]

/** The content of a revision, as the database has it. */
export function contentOf(revision: {
  name: string
  config: unknown
  description: string | null
  secret_versions: Record<string, number>
}): Content {
  return {
    name: revision.name,
    config: revision.config as AutomationConfig,
    description: revision.description,
    secretVersions: revision.secret_versions,
  }
}

/** The content of a new automation. */
export function firstContent(actor: Actor, body: AutomationCreate): Content {
  const { config, description = null } = describe(actor, body.config ?? {}, body.description)
  const secretVersions = body.oauth_token === undefined ? {} : { [OAUTH_SLOT]: 1 }
  return { name: body.name.trim(), config, description, secretVersions }
}

/** The content after a change, but for its secrets; what the change does not name stays. */
export function applyUpdate(actor: Actor, base: Content, update: AutomationUpdate): Content {
  const described = describe(actor, update.config ?? base.config, update.description)
  return {
    ...base,
    name: update.name?.trim() ?? base.name,
    config: described.config,
    description: described.description === undefined ? base.description : described.description,
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
