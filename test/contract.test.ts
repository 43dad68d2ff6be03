import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import t from 'tap'
import { parse } from 'yaml'

type Schema = {
  example?: unknown
  description?: string
  properties?: Record<string, Schema>
  items?: Schema
  required?: string[]
  enum?: string[]
  oneOf?: Schema[]
  $ref?: string
}
type Response = { $ref?: string; description?: string; content?: Record<string, { schema: Schema }> }
type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description: string
  security: object[]
  parameters?: { name: string; in: string; description?: string; schema: Schema }[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, Response>
}
type Document = {
  openapi: string
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; responses: Record<string, Response>; securitySchemes: object }
}

t.test('openapi.yaml', async (t) => {
  const text = await readFile(join(import.meta.dirname, '../openapi.yaml'), 'utf8')
  const document: Document = parse(text)
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  )
  const ajv = new Ajv({ strict: false, allErrors: true })
  // biome-ignore lint/suspicious/noExplicitAny: ajv-formats is published as CommonJS with a default export inside
  ;((addFormats as any).default ?? addFormats)(ajv)
  ajv.addSchema({ ...document, $id: 'document' })

  t.test('is valid OpenAPI 3.0.3', async (t) => {
    const result = await new Validator().validate(structuredClone(document))
    t.ok(result.valid, JSON.stringify('errors' in result ? result.errors : []))
    t.equal(document.openapi, '3.0.3')
  })

  t.test('says of each operation what it is, who may, and how it fails', async (t) => {
    const ids = operations.map(({ operationId }) => operationId)
    t.equal(new Set(ids).size, ids.length, 'operation ids are unique')
    const tags = document.tags.map(({ name }) => name)
    for (const { operationId, path, ...operation } of operations) {
      t.match(operationId, /^[a-z][A-Za-z]+$/)
      t.equal(operation.tags.length, 1, operationId)
      t.ok(tags.includes(operation.tags[0] ?? ''), operationId)
      t.ok(operation.summary && operation.description, operationId)
      t.ok(Array.isArray(operation.security), operationId)
      for (const status of ['429', '500', '503']) t.ok(operation.responses[status], `${operationId} ${status}`)
      if (operation.security.length > 0) t.ok(operation.responses['401'], operationId)
      if (path.includes('{')) t.ok(operation.responses['400'], operationId)
      if (path.includes('{') && operation.security.length > 0) t.ok(operation.responses['403'], operationId)
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue
        const error = document.components.responses[response.$ref?.split('/').at(-1) ?? '']
        t.equal(
          error?.content?.['application/json']?.schema.$ref,
          '#/components/schemas/Error',
          `${operationId} ${status}`,
        )
      }
      for (const { name, description } of operation.parameters ?? []) t.ok(description, `${operationId} ${name}`)
    }
  })

  t.test('lets a body be left out where the server does, and that body need name nothing', async (t) => {
    const optional = operations.filter(({ requestBody }) => requestBody?.required === false)
    t.same(optional.map(({ operationId }) => operationId).sort(), [
      'approveAutomation',
      'receiveWebhook',
      'rejectAutomation',
      'runAutomation',
      'setSigningSecret',
      'setWebhookSecret',
      'withdrawProposal',
    ])
    for (const { operationId, requestBody } of optional) {
      const { $ref } = requestBody?.content['application/json']?.schema ?? {}
      t.equal(document.components.schemas[$ref?.split('/').at(-1) ?? '']?.required, undefined, operationId)
    }
  })

  t.test('is written so that generators of every language can read it', async (t) => {
    const { schemas } = document.components
    const values = Object.values(schemas).flatMap(({ enum: own = [] }) => own)
    t.equal(new Set(values).size, values.length, 'no two enums with a name share a value: Go has them in one package')
    for (const { oneOf = [] } of Object.values(schemas))
      for (const { $ref = '' } of oneOf)
        t.ok(schemas[$ref.split('/').at(-1) ?? '']?.properties, `${$ref} is written out: zod takes no allOf in a union`)
    const patterns = [...text.matchAll(/^ *pattern: (.*)$/gm)]
    t.ok(patterns.length > 50)
    for (const [, pattern = ''] of patterns) t.notMatch(pattern, /\\[upN]/, 'PCRE has no such escape')
  })

  t.test('names its schemas, and every example validates', async (t) => {
    t.notMatch(text, /def-\d/)
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      t.match(name, /^[A-Z][A-Za-z]+$/)
      t.ok(schema.description, name)
      holdExamples(t, name, schema, `document#/components/schemas/${name}`)
    }
  })

  function holdExamples(t: Tap, name: string, schema: Schema, pointer: string): void {
    if (schema.example !== undefined) {
      const validate = ajv.compile({ $ref: pointer })
      t.ok(validate(schema.example), `${name}: ${JSON.stringify(validate.errors)}`)
    }
    for (const [key, property] of Object.entries(schema.properties ?? {}))
      holdExamples(t, `${name}.${key}`, property, `${pointer}/properties/${encodeURIComponent(key)}`)
    if (schema.items) holdExamples(t, `${name}[]`, schema.items, `${pointer}/items`)
  }
})

type Tap = Pick<typeof t, 'ok'>
