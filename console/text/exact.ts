/** A number as it was written, where JavaScript would make another one of it (1e400, or one of thirty digits), or write it differently. */
type RawNumber = { readonly rawJSON: string }

/** What browsers of 2025 on have of "JSON.parse source text access" (ECMAScript, stage 4), and TypeScript does not know yet. */
type ExactJson = {
  rawJSON(text: string): RawNumber
  isRawJSON(value: unknown): value is RawNumber
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}

const json = JSON as unknown as ExactJson

/** Whether this browser can show every number as it stands there: of those that can't, nobody can say what was approved. */
export const canBeExact = 'rawJSON' in JSON

/** Reads JSON. A number that JavaScript would write differently stays as it was written, and `JSON.stringify` writes it so. */
export function parseExactly(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? json.rawJSON(source) : value,
  )
}

/** Whether a value has members: no list has, and no number, however it is kept. */
export function hasMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value)
}
