import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createDb } from './client.ts'
import { startEmbedded } from './embedded.ts'
import { migrate } from './migrate.ts'

// Writes db/types.ts from a freshly migrated database; with --check, fails when it differs from what is committed.
const check = process.argv.includes('--check')
const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-types-'))
const postgres = await startEmbedded(folder, { settings: { fsync: 'off' } })
try {
  const db = createDb(postgres.url)
  await migrate(db)
  await db.destroy()
  const out = join(import.meta.dirname, 'types.ts')
  const flags = [`--url=${postgres.url}`, '--dialect=postgres', '--exclude-pattern=kysely_*', `--out-file=${out}`]
  const { stdout } = await promisify(execFile)('kysely-codegen', [...flags, ...(check ? ['--verify'] : [])])
  console.log(stdout.trim())
} finally {
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
}
