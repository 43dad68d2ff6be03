import { Type } from '@sinclair/typebox'
import { component } from './component.ts'

export const EXAMPLE_DIGEST = 'sha256:4f2a0d3f6c1b5e8a9d7c2b4f6a8e0c1d3b5f7a9c1e3d5b7f9a1c3e5d7b9f1a3c'

/** What a digest looks like. */
export const DIGEST_FORM = { maxLength: EXAMPLE_DIGEST.length, pattern: '^sha256:[0-9a-f]{64}$' }

export const Digest = component(
  'Digest',
  Type.String({
    ...DIGEST_FORM,
    description: 'SHA-256 of all of a content that takes effect: its kind, name, config and credential.',
    example: EXAMPLE_DIGEST,
  }),
)
