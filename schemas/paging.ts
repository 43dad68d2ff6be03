import { Type } from '@sinclair/typebox'
import { component } from './component.ts'

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
