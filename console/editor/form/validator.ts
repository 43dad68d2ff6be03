import type { RJSFSchema, ValidatorType } from '@rjsf/utils'

/**
 * Enough to tell which of several schemas a value belongs to: types, constants and what must be there. What is wrong with a config
 * the server says, and a validator that compiles schemas is code made of text, which browsers refuse here.
 */
export const validator: ValidatorType = {
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  rawValidation: () => ({}),
  isValid: (schema, value) => fits(schema, value),
}

type Part = RJSFSchema | boolean | undefined

/** Whether a value is as a schema says, as far as it is looked at here. */
export function fits(schema: Part, value: unknown): boolean {
  if (schema === undefined || typeof schema === 'boolean') return schema !== false
  const { type, required = [], properties = {}, allOf, anyOf, oneOf, not } = schema
  if (schema.const !== undefined && !isSame(schema.const, value)) return false
  if (schema.enum !== undefined && !schema.enum.some((each) => isSame(each, value))) return false
  if (type !== undefined && ![type].flat().some((each) => isOfType(each, value))) return false
  if (isObject(value) && !required.every((key) => value[key] !== undefined)) return false
  if (isObject(value) && !Object.entries(properties).every(([key, each]) => isFitOrAbsent(each, value[key])))
    return false
  if (allOf !== undefined && !allOf.every((each) => fits(each, value))) return false
  if (anyOf !== undefined && !anyOf.some((each) => fits(each, value))) return false
  if (oneOf !== undefined && !oneOf.some((each) => fits(each, value))) return false
  return not === undefined || !fits(not, value)
}

function isFitOrAbsent(schema: Part, value: unknown): boolean {
  return value === undefined || fits(schema, value)
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'object') return isObject(value)
  if (type === 'array') return Array.isArray(value)
  if (type === 'null') return value === null
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
