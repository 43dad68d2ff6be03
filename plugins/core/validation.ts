import { Ajv, type Options, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import fp from 'fastify-plugin'
import type { Component } from '../../schemas/component.ts'
import { ApiError } from '../../src/errors.ts'
import { exactly, type Validate } from '../../src/exactly.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether a text is a UUID as Postgres reads it; `urn:uuid:…`, which JSON Schema's format allows too, is not. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes a request without a body for one with an empty object: nothing said is nothing named. */
    optionalBody?: true
  }
}

/**
 * Validators that change nothing. Fastify's default would turn `null` into `0` and `"x"` into `["x"]` and drop unknown
 * keys in silence; here a body is taken as it is, and only path, query and headers, which are text, are coerced. Where
 * a route takes no body, one that says something is refused: whoever sent it believes that it counts.
 */
export default fp<{ components: readonly Component[] }>(
  async (app, { components }) => {
    for (const schema of components) app.addSchema(schema)
    const body = createAjv(components, { coerceTypes: false })
    const text = createAjv(components, { coerceTypes: 'array' })
    app.setValidatorCompiler<Record<string, unknown>>(
      ({ schema, httpPart }): Validate => compiledWhenNeeded(() => (httpPart === 'body' ? body : text).compile(schema)),
    )
    app.addHook('preValidation', async (request) => {
      // `null` is a body, and no object.
      if (request.routeOptions.config.optionalBody && request.body === undefined) request.body = {}
      const { body, is404, routeOptions } = request
      if (is404 || routeOptions.schema?.body !== undefined || body === undefined || isEmptyObject(body)) return
      throw new ApiError('invalid_request', { details: [{ path: '', message: 'must be empty: this takes no body' }] })
    })
  },
  { name: 'validation' },
)

/** Of hundreds of validators, most servers need a few dozen: each is compiled with the first request that it looks at. */
function compiledWhenNeeded(compile: () => ValidateFunction): Validate {
  let compiled: Validate | undefined
  const validate = (value: unknown): boolean => {
    compiled ??= exactly(compile())
    const isValid = compiled(value)
    validate.errors = compiled.errors
    return isValid
  }
  validate.errors = null as Validate['errors']
  return validate
}

function isEmptyObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && Object.keys(body).length === 0
}

function createAjv(components: readonly Component[], options: Options): Ajv {
  const ajv = new Ajv({
    ...options,
    removeAdditional: false,
    useDefaults: false,
    // Bodies are small and bounded in keys and depth before they come here, so all that is wrong can be told at once.
    allErrors: true,
    // For the error handler: which component was not met.
    verbose: true,
    strict: true,
    strictTypes: false,
    discriminator: true,
    formats: { uuid: UUID },
    schemas: [...components],
  })
  // biome-ignore lint/suspicious/noExplicitAny: ajv-formats is published as CommonJS with a default export inside
  ;((addFormats as any).default ?? addFormats)(ajv, ['date-time', 'email', 'uri'])
  // A word of OpenAPI that says nothing about validity.
  ajv.addKeyword('example')
  return ajv
}
