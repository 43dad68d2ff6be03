import { componentsOf } from '../../../schemas/index.ts'
import type { Kinds } from '../../../src/kinds/registry.ts'
import { Refused } from '../api.ts'
import { tool } from '../tool.ts'

/** Words of a schema that only its document needs. */
const OF_THE_DOCUMENT = new Set(['$id', 'title', 'discriminator'])

export const getKind = tool(
  'get_kind',
  {
    title: 'Get a kind of automation',
    description: 'What config of a kind may hold, an example, and what must be in it before it can run.',
    effect: 'reads',
  },
  async ({ kind }, { app }) => describeKind(app.kinds, kind),
)

/** What AI staff needs to know to propose an automation of a kind. @throws Refused `invalid_kind` */
export function describeKind(kinds: Kinds, name: string): Record<string, unknown> {
  const kind = kinds.find(name)
  if (kind === undefined)
    throw new Refused(`there is no kind ${JSON.stringify(name.slice(0, 100))}`, { status: 400, code: 'invalid_kind' })
  const { schema, effect, sessions } = kind
  const facts = { actions: { problems: () => [] }, secrets: null }
  return {
    kind: name,
    config_schema: inline(schema.config, componentsByName(kinds)),
    example: schema.example,
    required_to_run: kinds.problems(name, {}, facts).map(({ path, message }) => ({ path, message })),
    runs: effect !== undefined || sessions !== undefined,
  }
}

const components = new WeakMap<Kinds, Map<string, unknown>>()

function componentsByName(kinds: Kinds): Map<string, unknown> {
  const known = components.get(kinds) ?? new Map(componentsOf(kinds.schemas).map((each) => [each.$id, each]))
  components.set(kinds, known)
  return known
}

/** A schema without references: what it refers to stands in their place. No component holds itself. */
function inline(schema: unknown, named: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(schema)) return schema.map((each) => inline(each, named))
  if (typeof schema !== 'object' || schema === null) return schema
  if ('$ref' in schema) return inline(named.get(String(schema.$ref)), named)
  const kept = Object.entries(schema).filter(([key]) => !OF_THE_DOCUMENT.has(key))
  return Object.fromEntries(kept.map(([key, each]) => [key, inline(each, named)]))
}
