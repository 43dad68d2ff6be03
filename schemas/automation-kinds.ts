import { type TProperties, type TSchema, Type } from '@sinclair/typebox'
import { automationSchema, creation } from './automations.ts'
import { type Component, closed, component, ref, stringEnum, taggedUnion } from './component.ts'
import type { KindSchema } from './kinds/kind.ts'

/** The components that depend on which kinds there are, in the order in which they stand in the document. */
export function kindComponents(kinds: readonly KindSchema[]): Component[] {
  const [first] = kinds
  if (first === undefined) throw new Error('there is no kind of automation')
  const shown = kinds.map(automationOf)
  const created = kinds.map(creationOf)
  return [
    component(
      'AutomationKind',
      stringEnum(
        kinds.map(({ name }) => name),
        { description: 'What triggers an automation, and what its `config` holds.', example: first.name },
      ),
    ),
    automationConfig(kinds, first),
    ...shown,
    component(
      'Automation',
      taggedUnion('kind', shown, {
        description: 'A workflow definition of a space. Its `kind` says what its `config` is.',
      }),
    ),
    ...created,
    component(
      'AutomationCreate',
      taggedUnion('kind', created, {
        description:
          'A new automation. `config` defaults to `{}` and `status` to `draft`. What a service account creates is always ' +
          '`pending_approval`, and its `description` becomes `config.proposal_note`.',
        example: exampleOf(first),
      }),
    ),
    ...kinds.map(({ config }) => config),
    component('RunInput', runInput(kinds)),
  ]
}

/** A new automation of a kind, as the document shows it. */
export function exampleOf({ name: kind, example }: KindSchema): Record<string, unknown> {
  return { kind, ...example }
}

function automationConfig(kinds: readonly KindSchema[], { example }: KindSchema): Component {
  const names = kinds.map(({ config }) => `\`${config.$id}\``)
  const last = names.pop() ?? ''
  return component(
    'AutomationConfig',
    Type.Record(Type.String(), Type.Unknown(), {
      description:
        `Kind-specific configuration: what ${[names.join(', '), last].filter(Boolean).join(' or ')} ` +
        'says. Keys that the kind does not know are kept and returned; those that it knows must be as it says. It may be ' +
        'unfinished, whatever the status: `problems` of the automation says what is missing, and nothing of it runs until that is there. ' +
        'In what AI staff proposed, `proposal_note` tells the reviewer its intent.',
      example: example.config,
    }),
  )
}

/** An automation of one kind, whose config is typed. */
function automationOf({ name, title, config, automationExample: example }: KindSchema): Component {
  return component(
    `${title}Automation`,
    automationSchema(
      { kind: stringEnum([name]), config: ref(config) },
      { description: `An automation of the kind \`${name}\`.`, ...(example === undefined ? {} : { example }) },
    ),
  )
}

/** A new automation of one kind. */
function creationOf(kind: KindSchema): Component {
  const { name, ...others } = creation
  return component(
    `${kind.title}AutomationCreate`,
    closed(
      {
        name,
        kind: stringEnum([kind.name]),
        config: Type.Optional(Type.Unsafe<Record<string, unknown>>({ $ref: kind.config.$id })),
        ...others,
      },
      { description: `A new automation of the kind \`${kind.name}\`.`, example: exampleOf(kind) },
    ),
  )
}

/**
 * What a run may be given, of all kinds in one: the path does not say the kind, so a client can't be made to choose. What
 * its own kind does not take is refused all the same.
 */
function runInput(kinds: readonly KindSchema[]): TSchema {
  const properties: TProperties = {}
  for (const { name, input } of kinds)
    for (const [key, schema] of Object.entries(input)) {
      if (JSON.stringify(properties[key] ?? schema) !== JSON.stringify(schema))
        throw new Error(`the kind ${name} takes another ${key} than the kinds before it`)
      properties[key] = schema
    }
  const taken = kinds.map(({ name, input }) => `\`${name}\` takes ${keysOf(input) || 'nothing'}`)
  const description = `What the run is given. It depends on the kind: ${taken.join('; ')}.`
  return closed(properties, { description, example: {} })
}

function keysOf(input: TProperties): string {
  return Object.keys(input)
    .map((key) => `\`${key}\``)
    .join(', ')
}
