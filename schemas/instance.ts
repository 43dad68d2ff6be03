import { Type } from '@sinclair/typebox'
import { closed, component, nullable } from './component.ts'

export const Instance = component(
  'Instance',
  closed(
    {
      version: Type.String({ description: 'The version of the server.' }),
      git_sha: nullable(Type.String({ description: 'Always null: a release is told by its version.' })),
      needs_organization_setup: Type.Boolean({
        description: 'Whether the first account is still to be made, which names the organization.',
      }),
    },
    {
      description: 'What a page has to know before anybody signs in.',
      example: { version: '0.1.0', git_sha: null, needs_organization_setup: false },
    },
  ),
)
