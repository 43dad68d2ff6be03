import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { v7 as newId } from 'uuid'
import { verify } from '../../src/audit-chain.ts'
import { testDatabase } from '../support/database.ts'

/** How often a process that writes and seals is killed. More with KILLS in the environment. */
const KILLS = Number(process.env.KILLS ?? 40)
const AT_ONCE = 4
const PROCESS = join(import.meta.dirname, '../support/audit-process.ts')

t.test('writers and sealers are killed, and every entry that was acknowledged is sealed once', async (t) => {
  const { db, url } = await testDatabase(t)
  const organizations = [newId(), newId()]
  for (const id of organizations)
    await db.insertInto('organizations').values({ id, name: 'Engines', slug: id }).execute()
  const acknowledged = new Set<string>()
  let kills = 0

  const killAgainAndAgain = async () => {
    while (kills < KILLS) {
      const child = spawn(process.execPath, [PROCESS, url, ...organizations], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exited = once(child, 'exit')
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      await once(child.stdout, 'data')
      await wait(Math.random() * 800)
      kills++
      child.kill('SIGKILL')
      await exited
      // The last line may be cut short.
      for (const id of text.split('\n').slice(0, -1)) acknowledged.add(id)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, killAgainAndAgain))

  const verdicts = []
  for await (const verdict of verify(db)) verdicts.push(verdict)
  t.equal(verdicts.length, 2)
  for (const verdict of verdicts) t.match(verdict, { broken: undefined, unsealed: 0 })
  const { rows } = await sql<{ id: string; seals: number }>`
    select log.target_id as id, count(seal.sequence)::integer as seals from audit_log log
      left join audit_seals seal on seal.organization_id = log.organization_id and seal.entry_id = log.id
     group by log.target_id`.execute(db)
  const sealed = new Map(rows.map(({ id, seals }) => [id, seals]))
  t.ok(acknowledged.size > KILLS)
  t.equal(
    verdicts.reduce((sum, { entries }) => sum + entries, 0),
    sealed.size,
  )
  t.same(
    [...acknowledged].filter((id) => sealed.get(id) !== 1),
    [],
    'nothing that was acknowledged is lost',
  )
  t.same(
    [...sealed.values()].filter((seals) => seals !== 1),
    [],
    'and nothing is sealed twice',
  )
})
