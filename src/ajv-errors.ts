import { VISIBLE } from '../schemas/component.ts'
import type { ErrorDetail } from './errors.ts'
import { escapePointer } from './json-pointer.ts'

/** As much of an error of Ajv as is told; `parentSchema` is there with its option `verbose`. */
export type AjvError = {
  keyword: string
  instancePath: string
  params: Record<string, unknown>
  message?: string
  parentSchema?: { $id?: string; oneOf?: { $ref: string }[] }
}

/** A named schema, in as far as the values that tell the variants of a union apart stand in it. */
type Component = { $id?: string; properties?: Record<string, { enum?: readonly unknown[] }> }

/**
 * Says for people what Ajv found.
 *
 * @param components where the variants of a union are looked up.
 * @returns the place as a JSON pointer into the value; what is missing or not known is named as if it were there.
 */
export function wordAjvError(error: AjvError, components: readonly Component[]): ErrorDetail {
  const { instancePath, params } = error
  const key = params.missingProperty ?? params.additionalProperty ?? params.tag
  const path = key === undefined ? instancePath : `${instancePath}/${escapePointer(String(key))}`
  return { path, message: messageOf(error, components) }
}

/** Whether what tells the variants of a union apart is there, and is none of theirs. */
export function isUnknownTag({ keyword, params }: AjvError): boolean {
  return keyword === 'discriminator' && params.tagValue !== undefined
}

function messageOf(error: AjvError, components: readonly Component[]): string {
  const { keyword, params, message = 'is not valid' } = error
  if (isUnknownTag(error)) return `must be one of ${tagsOf(error, components).join(', ')}`
  if (keyword === 'required' || keyword === 'discriminator') return 'is required'
  if (keyword === 'additionalProperties') return 'is not a known key'
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
  if (keyword === 'pattern' && params.pattern === VISIBLE) return 'must not be blank'
  return message
}

/** The values that tell the variants of a union apart. */
function tagsOf({ parentSchema, params }: AjvError, components: readonly Component[]): unknown[] {
  const names = parentSchema?.oneOf?.map(({ $ref }) => $ref) ?? []
  return names.flatMap((name) => {
    const variant = components.find(({ $id }) => $id === name)
    return variant?.properties?.[String(params.tag)]?.enum ?? []
  })
}
