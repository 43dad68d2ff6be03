import type { RJSFSchema } from '@rjsf/utils'
import { queryOptions } from '@tanstack/react-query'
import { type Components, componentOf, componentsQuery, type DocumentSchema } from '../document.ts'
import { inWords, schemaOfForm } from './schema.ts'

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
export const kindsQuery = queryOptions({ ...componentsQuery, select: kindsIn })

/** What the document says of each kind: a new automation is one of several schemas, told apart by its kind. */
function kindsIn(schemas: Components): Kind[] {
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
