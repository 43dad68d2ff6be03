import type { FastifyInstance } from 'fastify'
import type { Send } from './app.ts'

type Schema = { example?: unknown; properties?: object }
type Documented = { operationId: string; requestBody?: { content: Record<string, { schema: { $ref: string } }> } }
type Document = { paths: Record<string, Record<string, Documented>>; components: { schemas: Record<string, Schema> } }

/** What an answer would not end without. */
const QUERY: Record<string, string> = {
  followSpaceEvents: '?timeout_seconds=0',
  followOrganizationEvents: '?timeout_seconds=0',
}

/** An operation of the document with ids in its path and the example of its body, ready to be sent. */
export type Operation = {
  id: string
  method: Parameters<Send>[1]
  /** As the document has it: `/api/v1/organizations/{orgId}/…`. */
  template: string
  path: string
  /** Undefined where none is taken. */
  body: unknown
  /** The keys that the body may have. */
  keys: string[]
}

/** Every operation of an app, so that a test of all of them learns of new ones by itself. @param ids by their names. */
export function operationsOf(app: FastifyInstance, ids: Record<string, string>): Operation[] {
  const { paths, components }: Document = JSON.parse(JSON.stringify(app.swagger()))
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, requestBody }]) => {
      const name = requestBody?.content['application/json']?.schema.$ref.split('/').at(-1) ?? ''
      const schema = components.schemas[name]
      return {
        id,
        method: method.toUpperCase() as Operation['method'],
        template,
        path: template.replaceAll(/\{(\w+)\}/g, (_, each) => ids[each] ?? 'unknown') + (QUERY[id] ?? ''),
        body: schema?.example,
        keys: Object.keys(schema?.properties ?? {}),
      }
    }),
  )
}
