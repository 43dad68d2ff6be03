import { Type } from '@sinclair/typebox'

export const Limit = Type.Integer({ minimum: 1, maximum: 200, description: 'How many at the most in one answer.' })

export const Cursor = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'Where to go on: `next_cursor` of the answer before. Opaque.',
})
