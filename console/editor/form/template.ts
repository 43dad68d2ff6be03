import type { RJSFSchema } from '@rjsf/utils'

const LONG = 4000

/** Whether a text has room for many lines, or is a template by what is said of it. */
export function isTemplate({ type, maxLength = 0, description = '', enum: values }: RJSFSchema): boolean {
  return [type].flat().includes('string') && values === undefined && (maxLength >= LONG || isLiquid(description))
}

/** Whether a description says that a text is a Liquid template. */
export function isLiquid(description: string): boolean {
  return /\bLiquid\b/.test(description)
}
