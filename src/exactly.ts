import type { ValidateFunction } from 'ajv'
import { hasExactNumber, mapExactNumbers } from '../db/exact-json.ts'

/** A validator of JSON values, with what was wrong with the last one. */
export type Validate = { (value: unknown): boolean; errors: Exclude<ValidateFunction['errors'], undefined> }

/**
 * A validator that knows of numbers with more digits than a double has. Each must be right as a double; and where a number
 * is calculated with, it must be one: there the schema takes no text, and so another look at the value with texts in their places
 * finds it.
 */
export function exactly(validate: ValidateFunction): Validate {
  const isValid = (value: unknown): boolean => {
    if (!hasExactNumber(value)) return validate(value)
    const doubles = mapExactNumbers(value, ({ rawJSON }) => Number(rawJSON))
    return validate(doubles) && validate(mapExactNumbers(value, ({ rawJSON }) => rawJSON))
  }
  const exact = (value: unknown): boolean => {
    const result = isValid(value)
    exact.errors = validate.errors ?? null
    return result
  }
  exact.errors = null as Validate['errors']
  return exact
}
