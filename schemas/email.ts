import { type TUnsafe, Type } from '@sinclair/typebox'

const LETTERS = "[A-Za-z0-9.!#$%&'*+\\/=?^_`{|}~-]+"
const LABEL = '[A-Za-z0-9-]+'

/**
 * An email address as it is typed in, perhaps with white space around it. WHATWG's rule for it, which knows ASCII alone:
 * nobody looks like somebody else by a letter of another script. A top-level domain alone is refused. Linear in time.
 */
export const Email: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  maxLength: 254,
  pattern: `^\\s*${LETTERS}@${LABEL}(?:\\.${LABEL})+\\s*$`,
  description: 'An email address. Its case and white space around it do not matter.',
  example: 'ada@example.com',
})
