import { verify } from '../src/audit-chain.ts'
import { openMigrated } from './database.ts'
import { loadConfig } from './load-config.ts'

/** Checks the hash chain of every organization's audit log, one line each. @returns 1 when one is broken. */
export async function auditVerify(env: NodeJS.ProcessEnv): Promise<number> {
  const database = await openMigrated(await loadConfig(env))
  let broken = 0
  let organizations = 0
  try {
    for await (const verdict of verify(database.db)) {
      organizations++
      const { organizationId, entries, unsealed } = verdict
      const later = unsealed === 0 ? '' : `, ${unsealed} not sealed yet`
      if (verdict.broken === undefined) console.log(`${organizationId}: ${entries} entries, intact${later}`)
      else {
        broken++
        console.log(`${organizationId}: broken at entry ${verdict.broken.sequence}: ${verdict.broken.reason}${later}`)
      }
    }
  } finally {
    await database.close()
  }
  console.log(`${organizations} audit logs, ${broken} broken`)
  return broken === 0 ? 0 : 1
}
