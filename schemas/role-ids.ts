import { Type } from '@sinclair/typebox'
import { uuid } from './component.ts'

/** A set of roles by their ids. */
export const RoleIds = Type.Array(uuid('Role UUID.'), { uniqueItems: true, maxItems: 200 })

export const EXAMPLE_ROLE_ID = '018e1234-abcd-7000-8000-000000000010'
