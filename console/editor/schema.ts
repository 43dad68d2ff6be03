import type { RJSFSchema } from '@rjsf/utils'
import { type Components, componentOf, type DocumentSchema } from '../document.ts'

/**
 * The schema of a config as a form is made of it: whole, without references; members are called as people would; keys that it
 * does not list are neither shown nor lost; and what may be anything has no type, so that it is edited as JSON.
 */
export function schemaOfForm(schema: DocumentSchema, components: Components): RJSFSchema {
  return converted(schema, { components, trail: [] })
}

type Context = { components: Components; trail: readonly string[] }

function converted(schema: DocumentSchema, context: Context): RJSFSchema {
  const { $ref, oneOf, anyOf, properties, additionalProperties, items, nullable, ...rest } = schema
  if ($ref !== undefined) return referred($ref, context)
  const { type, discriminator, ...others } = rest
  const options = oneOf ?? anyOf
  const named = isEmpty(additionalProperties) ? undefined : additionalProperties
  const isFree = type === 'object' && properties === undefined && named === undefined && !options
  const tag = discriminator?.propertyName
  return {
    ...(others as RJSFSchema),
    ...(type !== undefined && !isFree && { type: nullable ? [type, 'null'] : type }),
    ...(properties && { properties: members(properties, context) }),
    ...(named && { additionalProperties: converted(named, context) }),
    ...(items && { items: item(items, context) }),
    ...(tag !== undefined && { discriminator: { propertyName: tag } }),
    ...(oneOf && { oneOf: oneOf.map((each) => tagged(converted(each, context), tag)) }),
    ...(anyOf && { anyOf: anyOf.map((each) => tagged(converted(each, context), tag)) }),
  } as RJSFSchema
}

/** Whether members that are not listed may be anything, or nothing. */
function isEmpty(schema: boolean | DocumentSchema | undefined): schema is boolean | undefined {
  return typeof schema !== 'object' || Object.keys(schema).length === 0
}

function referred(ref: string, { components, trail }: Context): RJSFSchema {
  const found = componentOf(components, ref)
  // What holds itself has no end as a form.
  if (found === undefined || trail.includes(ref)) return { description: 'As JSON.' }
  return converted(found, { components, trail: [...trail, ref] })
}

function members(properties: Record<string, DocumentSchema>, context: Context): Record<string, RJSFSchema> {
  const entries = Object.entries(properties)
  return Object.fromEntries(
    entries.map(([key, each]) => [key, { ...converted(each, context), title: inWords(key) } as RJSFSchema]),
  )
}

/** What a list holds; a new text in it is empty, and not null. */
function item(items: DocumentSchema, context: Context): RJSFSchema {
  const { title: _, ...schema } = converted(items, context)
  return schema.type === 'string' && schema.enum === undefined ? { ...schema, default: '' } : schema
}

/** One of several schemas, called by the value that tells it apart. */
function tagged(schema: RJSFSchema, tag: string | undefined): RJSFSchema {
  const property = tag === undefined ? undefined : schema.properties?.[tag]
  if (tag === undefined || typeof property !== 'object' || property.enum?.length !== 1) return schema
  const [value] = property.enum
  const { enum: _, ...others } = property
  const named = { ...others, const: value }
  return { ...schema, title: inWords(String(value)), properties: { ...schema.properties, [tag]: named } }
}

/** A name of the API as people would write it. */
export function inWords(name: string): string {
  const words = name.replaceAll('_', ' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
