import { Type } from '@sinclair/typebox'

/** Of every kind that runs by itself. */
export const pauseAfterFailures = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 1000,
    description: 'Pause the automation after this many failed runs in a row. Default: never.',
    example: 5,
  }),
)
