import { VISIBLE } from '../../schemas/component.ts'
import { DESCRIPTIONS, ErrorBody, type ErrorStatus } from '../../schemas/errors.ts'
import { HEADERS, type HeaderName } from '../../schemas/response-headers.ts'

/** A schema of the document, in as far as it is looked into here. */
export type Schema = {
  $ref?: string
  type?: string
  format?: string
  pattern?: string
  maximum?: number
  enum?: string[]
  description?: string
  properties?: Record<string, Schema>
  items?: Schema
  allOf?: Schema[]
  oneOf?: Schema[]
  required?: string[]
  additionalProperties?: boolean | Schema
  discriminator?: { propertyName: string; mapping?: Record<string, string> }
}
type Response = {
  $ref?: string
  description?: string
  headers?: Record<string, { $ref: string }>
  content?: Record<string, { schema: Schema }>
}
type Operation = {
  operationId?: string
  parameters?: { name: string; description?: string; schema?: Schema }[]
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, Response>
}
export type Document = {
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, Schema>
    responses?: Record<string, Response>
    headers?: Record<string, object>
  }
}

const SCHEMAS = '#/components/schemas/'
const LARGEST_INT32 = 2_147_483_647
/** Without U+0000. */
const ANY_TEXT = '^[^\\x00]*$'
/** {@link VISIBLE} as far as it can be written for every engine: PCRE knows no `\\u`, and others nothing else that means the same. */
const VISIBLE_TO_ALL = '[^\\s\\x00-\\x1f\\x7f-\\x9f]'

/**
 * Says in the words of OpenAPI what the schemas of the routes, which Ajv and the serializer read too, can't say or say once
 * for each route. Changes the document in place.
 *
 * @param withOptionalBody the ids of the operations whose body may be left out.
 */
export function completeDocument(document: Document, withOptionalBody: ReadonlySet<string>): void {
  describeParameters(document)
  nameErrors(document)
  addHeaders(document)
  tellWhatIsSent(document)
  tellWhoseBodyIsOptional(document, withOptionalBody)
  writeOutEnums(document)
  for (const schema of everySchema(document)) {
    if (schema.type === 'integer') schema.format ??= (schema.maximum ?? 0) > LARGEST_INT32 ? 'int64' : 'int32'
    if (schema.discriminator) completeUnion(schema, document)
    if (schema.pattern === VISIBLE) schema.pattern = VISIBLE_TO_ALL
  }
}

/** A parameter that refers to a component says what that one says. */
function describeParameters(document: Document): void {
  for (const parameter of operationsOf(document).flatMap(({ parameters = [] }) => parameters)) {
    const component = parameter.schema?.$ref === undefined ? undefined : resolve(document, parameter.schema)
    if (component?.description !== undefined) parameter.description ??= component.description
  }
}

/** Each error is written out once, as a response that all operations refer to. */
function nameErrors(document: Document): void {
  const schema = { $ref: `${SCHEMAS}${ErrorBody.$id}` }
  document.components.responses = Object.fromEntries(
    Object.values(DESCRIPTIONS).map(([name, description]) => [
      name,
      { description, content: { 'application/json': { schema } } },
    ]),
  )
  for (const { responses } of operationsOf(document))
    for (const status of Object.keys(responses))
      if (status in DESCRIPTIONS) {
        const [name] = DESCRIPTIONS[Number(status) as ErrorStatus]
        responses[status] = { $ref: `#/components/responses/${name}` }
      }
}

const OF_EVERY_ANSWER: HeaderName[] = [
  'X-Request-Id',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Access-Control-Allow-Origin',
]
const OF_ERROR: Partial<Record<string, HeaderName[]>> = {
  Unauthorized: ['WWW-Authenticate'],
  PreconditionFailed: ['ETag'],
  TooManyRequests: ['Retry-After'],
  Unavailable: ['Retry-After'],
}

function addHeaders(document: Document): void {
  const { components, paths } = document
  components.headers = structuredClone(HEADERS)
  for (const [name, response] of Object.entries(components.responses ?? {}))
    response.headers = refer([...OF_EVERY_ANSWER, ...(OF_ERROR[name] ?? [])])
  for (const [method, operation] of Object.values(paths).flatMap((methods) => Object.entries(methods)))
    for (const response of Object.values(operation.responses)) {
      if (response.$ref !== undefined) continue
      const isTagged = response.content?.['application/json']?.schema.$ref === `${SCHEMAS}AutomationResponse`
      const own: HeaderName[] = [
        ...(isTagged ? (['ETag'] as const) : []),
        ...(method === 'post' ? (['Idempotency-Replayed'] as const) : []),
      ]
      response.headers = refer([...OF_EVERY_ANSWER, ...own])
    }
}

function refer(names: HeaderName[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

/**
 * What is sent to the server is held to its very keys, and its text to what Postgres can hold (src/storable.ts). What the server
 * sends may grow: a client that refused a key which it does not know would break with the next version, so only requests
 * are closed in the document. Tests hold answers to their very keys all the same.
 */
function tellWhatIsSent(document: Document): void {
  const sent = new Set<Schema>()
  for (const { requestBody } of operationsOf(document))
    for (const { schema } of Object.values(requestBody?.content ?? {})) reach(document, schema, sent)
  for (const schema of everySchema(document)) {
    if (schema.additionalProperties === false && !sent.has(schema)) delete schema.additionalProperties
    // The same; but only in these words do all generators keep the keys that they do not know.
    if (schema.additionalProperties === true) schema.additionalProperties = {}
    const isFree = schema.type === 'string' && !(schema.format ?? schema.pattern ?? schema.enum)
    if (isFree && sent.has(schema)) schema.pattern = ANY_TEXT
  }
}

function tellWhoseBodyIsOptional(document: Document, ids: ReadonlySet<string>): void {
  for (const { operationId = '', requestBody } of operationsOf(document)) {
    // What may be of any type may be nothing at all.
    if (requestBody && (ids.has(operationId) || '*/*' in requestBody.content)) requestBody.required = false
  }
}

/**
 * Go by openapi-generator has the values of all named enums as constants of one package. Of two that have a value in common, the
 * later one, by the alphabet, has no name: it is written out where it is referred to.
 */
function writeOutEnums(document: Document): void {
  const { schemas } = document.components
  const taken = new Set<string>()
  const nameless = new Map<string, Schema>()
  for (const [name, schema] of Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const values = schema.enum ?? []
    if (values.some((value) => taken.has(value))) nameless.set(`${SCHEMAS}${name}`, schema)
    else for (const value of values) taken.add(value)
  }
  for (const schema of everySchema(document)) {
    const written = nameless.get(schema.$ref ?? '')
    if (written === undefined) continue
    delete schema.$ref
    Object.assign(schema, structuredClone(written))
  }
  for (const ref of nameless.keys()) delete schemas[ref.slice(SCHEMAS.length)]
}

/** Adds a schema and all that it holds or refers to. */
function reach(document: Document, schema: Schema, found: Set<Schema>): void {
  if (found.has(schema)) return
  found.add(schema)
  if (schema.$ref !== undefined) reach(document, resolve(document, schema), found)
  for (const part of partsOf(schema)) reach(document, part, found)
}

/** Which value leads where; and no `type`, which some generators take for an object of its own. */
function completeUnion(schema: Schema, document: Document): void {
  const { discriminator, oneOf = [] } = schema
  if (discriminator === undefined) return
  const { propertyName } = discriminator
  discriminator.mapping = Object.fromEntries(
    oneOf.map((variant) => [tagOf(document, variant, propertyName), variant.$ref ?? '']),
  )
  delete schema.type
}

/** The one value of a property in a variant of a union. */
function tagOf(document: Document, variant: Schema, property: string): string {
  const schema = resolve(document, variant)
  const found = [schema, ...(schema.allOf ?? [])].flatMap(({ properties }) => properties?.[property]?.enum ?? [])
  if (found.length !== 1) throw new Error(`${variant.$ref} has not one value of ${property}`)
  return found[0] ?? ''
}

function resolve({ components }: Document, { $ref, ...schema }: Schema): Schema {
  if ($ref === undefined) return schema
  const found = components.schemas[$ref.slice(SCHEMAS.length)]
  if (found === undefined) throw new Error(`the document has no ${$ref}`)
  return found
}

function operationsOf({ paths }: Document): Operation[] {
  return Object.values(paths).flatMap((methods) => Object.values(methods))
}

function partsOf({ properties = {}, items, allOf = [], oneOf = [], additionalProperties }: Schema): Schema[] {
  return [
    ...Object.values(properties),
    ...(items === undefined ? [] : [items]),
    ...allOf,
    ...oneOf,
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
  ]
}

function* everySchema(document: Document): Generator<Schema> {
  const roots = [
    ...Object.values(document.components.schemas),
    ...operationsOf(document).flatMap(({ parameters = [] }) => parameters.flatMap(({ schema }) => schema ?? [])),
  ]
  for (const root of roots) yield* withParts(root)
}

function* withParts(schema: Schema): Generator<Schema> {
  yield schema
  for (const part of partsOf(schema)) yield* withParts(part)
}
