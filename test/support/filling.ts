import { createFiller, type FilledText, type Limits } from '../../src/actions/template.ts'

/** What fills in templates from a value that JSON can have, with limits that none of them should meet. */
export function fillerOf(scope: unknown, limits: Partial<Limits> = {}): (text: string) => FilledText {
  return createFiller({ scope: JSON.stringify(scope) }, { ms: 10_000, units: 60_000_000, ...limits })
}
