import { Type } from '@sinclair/typebox'
import { closed, component, nullable, ref } from './component.ts'

export const Limit = Type.Integer({ minimum: 1, maximum: 200, description: 'How many at the most in one answer.' })

export const Cursor = component(
  'Cursor',
  Type.String({
    minLength: 1,
    maxLength: 500,
    pattern: '^[A-Za-z0-9_-]+$',
    description: 'Where to go on: `next_cursor` of the answer before. Opaque.',
  }),
)

export const PageQuery = closed({
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 200,
      default: 50,
      description: 'How many at the most. A page ends early where its rows are large.',
    }),
  ),
  cursor: Type.Optional(ref(Cursor)),
})

/** The property `next_cursor` of an answer. */
export function nextCursor(description = 'What to send as `cursor` for the next page; null on the last.') {
  return nullable(Type.String({ description }))
}
