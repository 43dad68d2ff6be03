import type { Kysely } from 'kysely'
import * as automations from '../../db/queries/automations.ts'
import type { DB } from '../../db/types.ts'
import type { Actor } from '../access/actor.ts'
import { FillError } from '../actions/filling.ts'
import type { Actions } from '../actions/index.ts'
import type { Scope, SeenEvent } from '../actions/scope.ts'
import { overProblem } from '../clock/over.ts'
import { type PlannedRun, previewSchedule } from '../clock/preview.ts'
import { requireSchedule } from '../clock/schedule.ts'
import type { ErrorDetail } from '../errors.ts'
import type { Config, Kind, Opening } from '../kinds/kind.ts'
import type { Kinds } from '../kinds/registry.ts'
import { TRIGGERS } from '../runs/triggers.ts'
import { inTimeFor } from '../subprocess-in-turn.ts'
import { readAhead, TURN_WITHIN_MS } from './read-ahead.ts'

/** What is looked at: stored or not. An id is made up for what is not stored. */
export type Previewed = {
  organizationId: string
  spaceId: string
  /** Who looks. */
  actor: Actor
  id: string
  name: string
  kind: string
  config: Config
  lastRunAt: string | null
  /** What is stored beside the content; null for what is not stored. */
  stored: {
    /** Whether there is a secret by which its senders are known. */
    hasWebhookSecret: boolean
    /** The names of the secrets that it uses and that are there. */
    secrets: ReadonlySet<string>
    /** When its credential was set; null without one. */
    credentialSetAt: Date | null
    /** By which its tunnel is reached; undefined where it has none. */
    subdomain: string | undefined
  } | null
}

export type Preview = {
  kind: string
  next_runs: PlannedRun[]
  action: Record<string, unknown> | null
  tunnel: PreviewedTunnel | null
  problems: ErrorDetail[]
  warnings: string[]
}

/** What visitors would reach, and who may be one. */
type PreviewedTunnel = {
  url: string | null
  access: 'public' | 'token'
  allowed_paths: string[] | null
  allowed_networks: string[] | null
}

/** A preview, and the hosts that the action would send to. */
type WithHosts = { preview: Preview; hosts: string[] }

/** `tunnelsUrl` is that of tunnels, with `*` for the name. */
export type PreviewMeans = { actions: Actions; kinds: Kinds; tunnelsUrl: string }

const NO_SECRET = 'it has no secret yet: until a person sets one, every event is refused'
const NO_ID = '00000000-0000-7000-8000-000000000000'

/**
 * What an automation would do at `now` and after, without any effect: what a reviewer reads before approving. Its templates may
 * take a while, in which no transaction should be open.
 *
 * @throws ApiError `unavailable` where so many others preview that its turn does not come
 */
export async function preview(
  automation: Previewed,
  { actions, kinds, tunnelsUrl }: PreviewMeans,
  now: Date,
): Promise<WithHosts> {
  const { id, kind: name, config, stored } = automation
  const kind = kinds.get(name)
  await readAhead(actions, automation.organizationId, [config])
  const problems = kinds.problems(name, config, { actions, secrets: stored?.secrets ?? null })
  const shown: Preview = { kind: name, next_runs: [], action: null, tunnel: null, problems, warnings: [] }
  if (problems.length > 0) return { preview: shown, hosts: [] }
  const schedule = kind.clock?.schedule(config) ?? null
  if (schedule !== null) {
    Object.assign(shown, previewSchedule(requireSchedule(schedule), id, now))
    if (shown.next_runs.length === 0) shown.problems.push(overProblem(schedule, config))
  }
  if (kind.sessions !== undefined) shown.tunnel = tunnelOf(kind.sessions.opening(config), stored?.subdomain, tunnelsUrl)
  shown.warnings.push(...(kind.warnings?.(config) ?? []))
  if (stored?.hasWebhookSecret === false && kind.intake?.needsSecret(config)) shown.warnings.push(NO_SECRET)
  if (stored === null) shown.warnings.push(...kinds.profile(name, config, actions).secrets.map(neededSecret))
  const does = kind.effect?.(config, {})
  if (does === undefined) return { preview: shown, hosts: [] }
  const { organizationId, spaceId, actor } = automation
  const mayAsk = actor.type === 'user'
  const credentialSetAt = stored?.credentialSetAt ?? null
  const source = {
    organizationId,
    spaceId,
    credentialSetAt,
    mayAsk,
    scope: scopeOf(automation, kind, shown.next_runs[0], now),
  }
  try {
    const fill = (signal: AbortSignal) => actions.preview(does, source, signal)
    const { action, hosts, warnings } = await inTimeFor(TURN_WITHIN_MS, fill)
    return { preview: { ...shown, action, warnings: [...shown.warnings, ...warnings] }, hosts }
  } catch (error) {
    if (!(error instanceof FillError)) throw error
    shown.warnings.push(`a run would fail: ${error.message}`)
    return { preview: shown, hosts: [] }
  }
}

/** @param made the name that it has, which stays where it asks for none. */
function tunnelOf(opening: Opening, made: string | undefined, tunnelsUrl: string): PreviewedTunnel {
  const name = opening.subdomain ?? made
  return {
    url: name === undefined ? null : tunnelsUrl.replace('*', name),
    access: opening.access,
    allowed_paths: opening.allowedPaths ? [...opening.allowedPaths] : null,
    allowed_networks: opening.allowedNetworks ? [...opening.allowedNetworks] : null,
  }
}

function neededSecret(name: string): string {
  return `it uses the secret "${name}": a person sets it before it can run`
}

/** Warns of hosts that nothing else which runs in the organization sends to: a typing error, or a stranger. */
export async function withFirstContact(
  db: Kysely<DB>,
  organizationId: string,
  automationId: string,
  { preview: shown, hosts }: WithHosts,
): Promise<Preview> {
  const warnings = [...shown.warnings]
  for (const host of hosts)
    if (!(await automations.isHostKnown(db, organizationId, host, automationId)))
      warnings.push(`nothing else that runs here sends to ${host}: first contact`)
  return { ...shown, warnings }
}

/** The scope of a preview: the next run, for an event of which little is known. */
function scopeOf(
  { id, name, kind, config, lastRunAt }: Previewed,
  { intake }: Kind,
  next: PlannedRun | undefined,
  now: Date,
): Scope {
  const time = next?.at_utc ?? now.toISOString()
  const event: SeenEvent | null =
    intake === undefined ? null : { id: NO_ID, key: null, headers: {}, received_at: time, ...intake.example(config) }
  const trigger = intake ? TRIGGERS.intake : TRIGGERS.clock
  return {
    run: { id: NO_ID, trigger, attempt: 1, scheduled_for: intake ? null : time, created_at: time, input: {} },
    automation: { id, name, kind, last_run_at: lastRunAt },
    event,
  }
}
