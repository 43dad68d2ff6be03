import { createCipher } from '../src/secrets/cipher.ts'
import { rotate } from '../src/secrets/rotation.ts'
import { openMigrated } from './database.ts'
import { loadConfig } from './load-config.ts'

/**
 * Encrypts all that is stored encrypted with the first key of the ring, one line a column.
 *
 * @returns 1 when something can't be opened by any key.
 */
export async function rotateKeys(env: NodeJS.ProcessEnv): Promise<number> {
  const config = await loadConfig(env)
  const database = await openMigrated(config)
  let unreadable = 0
  try {
    for await (const rotated of rotate(database.db, createCipher(config.encryptionKeys))) {
      unreadable += rotated.unreadable
      const rest = rotated.unreadable === 0 ? '' : `, ${rotated.unreadable} that no key opens`
      console.log(`${rotated.column}: ${rotated.rewritten} encrypted again${rest}`)
    }
  } finally {
    await database.close()
  }
  return unreadable === 0 ? 0 : 1
}
