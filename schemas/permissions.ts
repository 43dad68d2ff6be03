import { type Static, Type } from '@sinclair/typebox'
import { component, stringEnum } from './component.ts'

/** What a role can allow, in the words of Hyperspeed's API. */
export const PERMISSIONS = [
  'org.manage',
  'org.members.manage',
  'space.create',
  'space.delete',
  'space.members.manage',
  'board.read',
  'board.write',
  'tasks.read',
  'tasks.write',
  'chat.read',
  'chat.write',
  'files.read',
  'files.write',
  'files.delete',
  'terminal.use',
  'ssh_connections.manage',
  'agent.tools.invoke',
  'datasets.read',
  'datasets.write',
] as const

export const Permission = component(
  'Permission',
  stringEnum(PERMISSIONS, { description: 'One thing that a role can allow.', example: 'files.read' }),
)
export type Permission = Static<typeof Permission>

/** Permissions as the database keeps them: texts, of which this program wrote every one. */
export const StoredPermissions = Type.Array(Type.Unsafe<string>({ $ref: Permission.$id }))
