import type { RJSFSchema } from '@rjsf/utils'
import { queryOptions } from '@tanstack/react-query'
import { Away, BASE } from '../client.ts'
import { type Components, componentOf, type DocumentSchema, inWords, schemaOfForm } from './schema.ts'

/** A kind of automation, as the server announces it. */
export type Kind = {
  name: string
  title: string
  description: string | undefined
  /** A new automation of it. */
  example: { name?: string; config?: unknown }
  /** Of its config. */
  schema: RJSFSchema
}

/** The kinds that there are, out of the API's document: nothing here knows any of them by name. */
export const kindsQuery = queryOptions({
  queryKey: ['kinds'],
  queryFn: async ({ signal }) => kindsIn(await readDocument(signal)),
  staleTime: Number.POSITIVE_INFINITY,
})

type Document = { components?: { schemas?: Components } }

async function readDocument(signal: AbortSignal): Promise<Document> {
  try {
    const response = await fetch(`${BASE}/openapi.json`, { signal })
    if (response.ok) return await response.json()
  } catch (cause) {
    if (signal.aborted) throw cause
  }
  throw new Away('The kinds of automations can’t be read now.')
}

/** What the document says of each kind: a new automation is one of several schemas, told apart by its kind. */
function kindsIn({ components: { schemas = {} } = {} }: Document): Kind[] {
  const mapping = schemas.AutomationCreate?.discriminator?.mapping ?? {}
  return Object.entries(mapping).flatMap(([name, ref]) => {
    const creation = componentOf(schemas, ref)
    const property = creation?.properties?.config
    const config = componentOf(schemas, property?.$ref) ?? property
    return creation === undefined || config === undefined ? [] : [kindOf(name, creation, config, schemas)]
  })
}

function kindOf(name: string, creation: DocumentSchema, config: DocumentSchema, components: Components): Kind {
  const example = (creation.example ?? {}) as Kind['example']
  const { title = inWords(name), description } = config
  return { name, title, description, example, schema: schemaOfForm(config, components) }
}
