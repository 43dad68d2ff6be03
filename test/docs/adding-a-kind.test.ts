import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'

const ROOT = join(import.meta.dirname, '../..')

t.test('docs/adding-a-kind.md shows the kind that the tests have', async (t) => {
  const page = await readFile(join(ROOT, 'docs/adding-a-kind.md'), 'utf8')
  const shown = [...page.matchAll(/^From \[(\S+)\]\(\.\.\/(\S+)\):\n\n```ts\n(.*?)^```$/gms)]
  t.equal(shown.length, 2, 'its schema and its traits')
  for (const [, name = '', path = '', code] of shown) {
    t.equal(name, path)
    t.equal(code, await readFile(join(ROOT, path), 'utf8'), path)
  }
})

t.test('docs/adding-a-kind.md tells of every trait of a kind', async (t) => {
  const [page, kind] = await Promise.all(
    ['docs/adding-a-kind.md', 'src/kinds/kind.ts'].map((path) => readFile(join(ROOT, path), 'utf8')),
  )
  const [, body = ''] = /^export type Kind = \{\n(.*?)^\}/ms.exec(kind ?? '') ?? []
  const traits = [...body.matchAll(/^ {2}(\w+)\??[:(]/gm)].map((match) => match[1] ?? '')
  t.ok(traits.length > 6)
  for (const trait of traits) t.match(page, `| \`${trait}\` |`, trait)
})
