import type { TSchema } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { COMPONENTS } from '../schemas/index.ts'
import { wordAjvError } from './ajv-errors.ts'
import type { ConfigProblem } from './errors.ts'
import { exactly, type Validate } from './exactly.ts'

const MAX_PROBLEMS = 20

const validators = new WeakMap<TSchema, Validate>()

/** What of a value is not as its schema says, as JSON pointers into it. What is missing is a key of the value
 * itself: what stands in it is whole, or wrong. */
export function schemaProblems(schema: TSchema, value: unknown): ConfigProblem[] {
  const validate = validators.get(schema) ?? compile(schema)
  if (validate(value)) return []
  const errors = (validate.errors ?? []).slice(0, MAX_PROBLEMS)
  return errors.map((error) => ({
    ...wordAjvError(error, COMPONENTS),
    ...(error.keyword === 'required' && error.instancePath === '' ? { isMissing: true } : {}),
  }))
}

function compile(schema: TSchema): Validate {
  // Verbose, for the variants of a union that was not met.
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, discriminator: true, schemas: [...COMPONENTS] })
  // biome-ignore lint/suspicious/noExplicitAny: ajv-formats is published as CommonJS with a default export inside
  ;((addFormats as any).default ?? addFormats)(ajv, ['date-time', 'uri', 'uuid'])
  const { $id: _, ...anonymous } = schema
  const validate = exactly(ajv.compile(anonymous))
  validators.set(schema, validate)
  return validate
}
