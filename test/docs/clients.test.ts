import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { snippetOf } from '../clients/snippet.ts'

const ROOT = join(import.meta.dirname, '../..')

t.test('docs/clients.md shows the programs that run', async (t) => {
  const page = await readFile(join(ROOT, 'docs/clients.md'), 'utf8')
  const shown = [...page.matchAll(/^From \[(\S+)\]\(\.\.\/(\S+)\):\n\n```\w+\n(.*?)^```$/gms)]
  t.equal(shown.length, 8, 'one for each generator')
  for (const [, name = '', path = '', code] of shown) {
    t.equal(name, path)
    t.equal(code, snippetOf(await readFile(join(ROOT, path), 'utf8')), path)
  }
})
