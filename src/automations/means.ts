import type { Actions } from '../actions/index.ts'
import type { Kinds } from '../kinds/registry.ts'
import type { Cipher } from '../secrets/cipher.ts'
import type { Quota } from './quota.ts'

/** What changes of automations need besides the database: to encrypt secrets, and to know what can run. */
export type Means = {
  cipher: Cipher
  actions: Pick<Actions, 'problems' | 'profile'>
  kinds: Kinds
  /** Names what configs are held to: another release, or one with other settings, may find other problems in the same config. */
  rules: string
  quota: Quota
}
