import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import t from 'tap'
import { KINDS } from '../../../src/kinds/index.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Where the name of a kind may stand: with its schema, in its folder, in the registry. Migrations are frozen. */
const OF_KINDS = /^(?:schemas\/kinds\/|src\/kinds\/(?:[\w-]+\/|index\.ts)|db\/migrations\/|db\/types\.ts)/

/** Words that are a kind's name too and mean something else: each with its places. */
const OTHER_MEANINGS: Record<string, Record<string, string>> = {
  social_post: {
    'schemas/actions/social-post.ts': 'an action of other kinds',
    'src/actions/post-through.ts': 'an action of other kinds',
  },
  webhook: {
    'db/queries/automation-secrets.ts': 'the slot of a secret, which the contract calls so',
    'db/queries/automation-runs.ts': 'what set a run off',
    'db/queries/said-events.ts': 'what set a run off',
    'db/queries/webhook-events.ts': 'what set a run off',
    'schemas/runs.ts': 'what set a run off',
    'src/runs/triggers.ts': 'what set a run off',
  },
}
/** The content of the demo is made over HTTP, as any client would. */
const CLIENTS = ['bin/demo.ts']

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

t.test('the name of a kind stands in its folder, in its schema and in the registry, and nowhere else', async (t) => {
  const files = (await Promise.all(['src', 'plugins', 'db', 'schemas', 'bin'].map(sources))).flat()
  t.ok(files.length > 150)
  const found: string[] = []
  for (const file of files) {
    if (OF_KINDS.test(file) || CLIENTS.includes(file)) continue
    const text = await readFile(join(ROOT, file), 'utf8')
    for (const name of KINDS.names) {
      if (OTHER_MEANINGS[name]?.[file] !== undefined) continue
      const folder = name.replaceAll('_', '-')
      // As a value, or as a file that another one imports; a snake_case name means nothing else anywhere.
      const mention = name.includes('_') ? `\\b${name}\\b` : `(['"\`])${name}\\1`
      if (new RegExp(`${mention}|kinds/${folder}[/.]`).test(text)) found.push(`${file} names ${name}`)
    }
  }
  t.same(found, [])
})

t.test('what has another meaning is still there', async (t) => {
  for (const [word, places] of Object.entries(OTHER_MEANINGS))
    for (const file of Object.keys(places))
      t.match(await readFile(join(ROOT, file), 'utf8'), new RegExp(`'${word}'`), `${file} has ${word}`)
})
