import { createHash } from 'node:crypto'
import type { Config } from '../src/config.ts'
import { version } from './version.ts'

/** Names what this program holds configs to: all of it follows from its release, and from where requests may go. */
export function rulesOf({ egressAllow }: Pick<Config, 'egressAllow'>): string {
  const settings = createHash('sha256').update(egressAllow.toSorted().join()).digest('hex')
  return `${version} ${settings.slice(0, 8)}`
}
