import { queryOptions } from '@tanstack/react-query'
import { Away, BASE } from './client.ts'

/** A schema of the API's document (OpenAPI 3.0). */
export type DocumentSchema = {
  $ref?: string
  type?: string
  title?: string
  description?: string
  example?: unknown
  nullable?: boolean
  enum?: unknown[]
  properties?: Record<string, DocumentSchema>
  additionalProperties?: boolean | DocumentSchema
  items?: DocumentSchema
  oneOf?: DocumentSchema[]
  anyOf?: DocumentSchema[]
  required?: string[]
  discriminator?: { propertyName: string; mapping?: Record<string, string> }
  [other: string]: unknown
}

/** The components of the document by name. */
export type Components = Readonly<Record<string, DocumentSchema>>

const REF = '#/components/schemas/'

/** The component that a reference names. */
export function componentOf(components: Components, ref: string | undefined): DocumentSchema | undefined {
  return ref?.startsWith(REF) ? components[ref.slice(REF.length)] : undefined
}

/** The components of the document of the API, which says what this server knows. They stay the same while the server runs. */
export const componentsQuery = queryOptions({
  queryKey: ['document'],
  queryFn: async ({ signal }): Promise<Components> => {
    try {
      const response = await fetch(`${BASE}/openapi.json`, { signal })
      if (response.ok) return (await response.json()).components.schemas
    } catch (cause) {
      if (signal.aborted) throw cause
    }
    throw new Away('What this server knows can’t be read now.')
  },
  staleTime: Number.POSITIVE_INFINITY,
})
