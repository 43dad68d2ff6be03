import { Type } from '@sinclair/typebox'
import { AutomationConfig, AutomationKind } from './automations.ts'
import { type Component, closed, component, named, nullable, ref, stringEnum } from './component.ts'
import { ErrorDetail } from './errors.ts'
import type { KindSchema } from './kinds/kind.ts'

type PreviewRequest = { kind: AutomationKind; config?: AutomationConfig }

/** A config that is not saved. */
export const PreviewRequest = named<PreviewRequest>('PreviewRequest')

/** The component of {@link PreviewRequest}; its example is of the first kind. */
export function previewRequest([first]: readonly KindSchema[]): Component {
  const request = closed(
    { kind: AutomationKind, config: Type.Optional(AutomationConfig) },
    { description: 'A config that is not saved.', example: { kind: first?.name, config: first?.example.config } },
  )
  return component('PreviewRequest', request)
}

const PlannedRun = component(
  'PlannedRun',
  closed(
    {
      at_utc: Type.String({ format: 'date-time', description: 'When it starts, in UTC.' }),
      at_local: Type.String({
        format: 'date-time',
        description: 'The same, by the clocks of the time zone of the config.',
      }),
      note: nullable(Type.String({ description: 'Why it is then, where that is not plain; or null.' })),
    },
    { description: 'A run to come.' },
  ),
)

const PreviewedTunnel = component(
  'PreviewedTunnel',
  nullable(
    closed(
      {
        url: nullable(
          Type.String({ description: 'Where visitors would come in; null where a name is made once it is saved.' }),
        ),
        access: stringEnum(['public', 'token'], {
          description: 'Who may come in: everybody, or who has the access token.',
        }),
        allowed_paths: nullable(Type.Array(Type.String(), { description: 'What paths begin with; null for any.' })),
        allowed_networks: nullable(
          Type.Array(Type.String(), { description: 'Where visitors may come from; null for anywhere.' }),
        ),
      },
      { description: 'What would be open to visitors; null for a kind that opens nothing.' },
    ),
  ),
)

const Preview = component(
  'Preview',
  closed(
    {
      kind: AutomationKind,
      next_runs: Type.Array(ref(PlannedRun), { description: 'The next ten, for a kind that runs by the clock.' }),
      action: nullable(
        Type.Record(Type.String(), Type.Unknown(), {
          title: 'PreviewedAction',
          description:
            'What a run would do, with its templates rendered and secrets as `•••`; null where it can do nothing.',
        }),
      ),
      tunnel: ref(PreviewedTunnel),
      problems: Type.Array(ref(ErrorDetail), { description: 'What keeps it from running.' }),
      warnings: Type.Array(Type.String(), { description: 'What a reviewer should know.' }),
    },
    { description: 'What an automation would do, without doing it.' },
  ),
)

export const PreviewResponse = component(
  'PreviewResponse',
  closed(
    {
      preview: ref(Preview),
      digest: nullable(Type.String({ description: 'Of the content that was previewed; null for what is not saved.' })),
    },
    { description: 'What would happen.' },
  ),
)
export { PlannedRun, Preview, PreviewedTunnel }
