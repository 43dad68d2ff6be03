import { closed, component, stringEnum } from './component.ts'

export const HealthResponse = component(
  'HealthResponse',
  closed({ status: stringEnum(['ok']) }, { description: 'All is well.', example: { status: 'ok' } }),
)
