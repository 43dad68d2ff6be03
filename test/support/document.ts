/** A schema, in as far as it is looked into here. */
type Schema = {
  type?: string
  properties?: Record<string, Schema>
  items?: Schema
  allOf?: Schema[]
  oneOf?: Schema[]
  $ref?: string
  additionalProperties?: unknown
  unevaluatedProperties?: boolean
}

/**
 * Closes the objects of a document that leave open which keys may stand beside those that they name: clients must bear keys
 * that come later, and tests must not. What is one part of another (`allOf`) is closed with the whole. Changes the document
 * in place.
 */
export function closeObjects({ components }: { components: { schemas: Record<string, Schema> } }): void {
  const { schemas } = components
  const parts = new Set<Schema>()
  for (const { allOf = [] } of Object.values(schemas))
    for (const part of allOf)
      parts.add(part.$ref === undefined ? part : (schemas[part.$ref.split('/').at(-1) ?? ''] ?? part))
  for (const schema of Object.values(schemas)) close(schema, parts)
}

function close(schema: Schema, parts: Set<Schema>): void {
  const { type, properties = {}, items, allOf, additionalProperties } = schema
  const isOpen = (type === 'object' || allOf !== undefined) && additionalProperties === undefined
  if (isOpen && !parts.has(schema)) schema.unevaluatedProperties = false
  for (const part of [...Object.values(properties), ...(items ? [items] : []), ...(allOf ?? [])]) close(part, parts)
}
