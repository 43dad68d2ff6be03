import { setTimeout as wait } from 'node:timers/promises'
import { v7 as newId } from 'uuid'
import { createDb } from '../../db/client.ts'
import { record, SYSTEM } from '../../src/audit.ts'
import { startSealer } from '../../src/audit-chain.ts'

// Writes entries into the logs of organizations and seals them, as a server does, until it is killed. On stdout it says the id of what each
// entry tells of, once its transaction is committed.

const [url = '', ...organizations] = process.argv.slice(2)
const db = createDb(url, { pipelines: 1, poolSize: 4 })
startSealer(db, (error) => console.error(error))

async function write(): Promise<never> {
  for (;;) {
    const id = newId()
    const organizationId = organizations[Math.floor(Math.random() * organizations.length)] ?? ''
    await db.transaction().execute(async (trx) => {
      await record(trx, organizationId, SYSTEM, { action: 'role.created', target: { type: 'role', id } })
      if (Math.random() < 0.3) await wait(Math.random() * 20)
    })
    process.stdout.write(`${id}\n`)
  }
}

await Promise.all([write(), write(), write()])
