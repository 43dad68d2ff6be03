import type { Door } from '../db/queries/access.ts'
import { SEES_EVERY_SPACE } from '../src/access/permissions.ts'

/** What lets somebody see what is in a space. */
export const READING = { permission: 'files.read', enterEverySpace: SEES_EVERY_SPACE } as const satisfies Door

/** What lets somebody change something in a space. */
export const WRITING = { permission: 'files.write', enterEverySpace: SEES_EVERY_SPACE } as const satisfies Door
