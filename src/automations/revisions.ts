import { createHash } from 'node:crypto'
import { isExactNumber } from '../../db/exact-json.ts'
import { byName } from '../../db/queries/automation-secrets.ts'
import type { AutomationKind } from '../../schemas/automations.ts'
import { canonicalJson } from '../canonical-json.ts'
import { escapePointer } from '../json-pointer.ts'
import type { Content } from './content.ts'

/** One place at which two contents differ. `before` and `after` are absent where there was or is nothing. */
export type Change = { path: string; op: 'add' | 'remove' | 'replace'; before?: unknown; after?: unknown }

/**
 * What a person approves: SHA-256 over everything that takes effect, as canonical JSON (RFC 8785). The description is
 * for people and takes no effect; of secrets their versions stand in, never their values. What uses no named ones has the
 * digest that it had before there were any.
 *
 * @returns `sha256:` and 64 hex digits.
 */
export function digestOf(automationId: string, kind: AutomationKind, content: Content): string {
  const { name, config, secretVersions } = content
  const { oauth } = secretVersions
  const credential = oauth === undefined ? null : { id: automationId, version: oauth }
  const secrets = byName(secretVersions)
  const effective = { kind, name, config, credential, ...(Object.keys(secrets).length > 0 ? { secrets } : {}) }
  return `sha256:${createHash('sha256').update(canonicalJson(effective)).digest('hex')}`
}

/**
 * What differs between two contents, one entry for each changed path (JSON pointers, RFC 6901), in the order of the
 * document. Secrets show as their versions.
 *
 * @param before null where nothing was there.
 */
export function diff(before: Content | null, after: Content): Change[] {
  return compare(before === null ? {} : visible(before), visible(after), '')
}

function visible({ name, config, description, secretVersions }: Content): Record<string, unknown> {
  const secret_versions = byName(secretVersions)
  return {
    name,
    config,
    description,
    credential_version: secretVersions.oauth ?? null,
    ...(Object.keys(secret_versions).length > 0 ? { secret_versions } : {}),
  }
}

function compare(before: unknown, after: unknown, path: string): Change[] {
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap((key) => {
      const inner = `${path}/${escapePointer(key)}`
      if (!Object.hasOwn(before, key)) return [{ path: inner, op: 'add' as const, after: at(after, key) }]
      if (!Object.hasOwn(after, key)) return [{ path: inner, op: 'remove' as const, before: at(before, key) }]
      return compare(at(before, key), at(after, key), inner)
    })
  }
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ path, op: 'replace', before, after }]
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isExactNumber(value)
}

function at(container: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(container, key)?.value
}
