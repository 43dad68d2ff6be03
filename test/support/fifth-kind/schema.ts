import { type Static, Type } from '@sinclair/typebox'
import { component } from '../../../schemas/component.ts'
import type { KindSchema } from '../../../schemas/kinds/kind.ts'

export const EchoConfig = component(
  'EchoConfig',
  Type.Object(
    {
      greeting: Type.Optional(
        Type.String({ minLength: 1, maxLength: 100, description: 'What it says.', example: 'Hello' }),
      ),
      cron: Type.Optional(Type.String({ maxLength: 500, description: 'When it says so.', example: '0 9 * * *' })),
      password: Type.Optional(Type.Boolean({ description: 'Whether its senders need one.', example: true })),
      give_up_after: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Failures until it is paused.', example: 3 }),
      ),
    },
    { additionalProperties: true, description: 'What an `echo` automation says.', example: { greeting: 'Hello' } },
  ),
)
export type EchoConfig = Static<typeof EchoConfig>

export const echoSchema: KindSchema = {
  name: 'echo',
  title: 'Echo',
  config: EchoConfig,
  input: {
    shout: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Whom to greet.', example: 'you' })),
  },
  example: { name: 'Greetings', config: { greeting: 'Hello' } },
}
