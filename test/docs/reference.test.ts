import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { RunStatus, RunTrigger } from '../../schemas/runs.ts'
import { ERRORS } from '../../src/errors.ts'
import { KINDS } from '../../src/kinds/index.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (page: string) => readFile(join(ROOT, page), 'utf8')

t.test('docs/errors.md lists every code with its status and sentence', async (t) => {
  const page = await read('docs/errors.md')
  for (const [code, [status, sentence]] of Object.entries(ERRORS))
    t.ok(page.includes(`| ${status} | \`${code}\` | ${sentence} |`), code)
})

t.test('pages name every kind, and every status and trigger of a run', async (t) => {
  const [concepts, errors, runs] = await Promise.all(['docs/concepts.md', 'docs/errors.md', 'docs/runs.md'].map(read))
  t.match(errors, `must be one of ${KINDS.names.join(', ')}"`)
  for (const name of KINDS.names) t.match(concepts, `| \`${name}\` |`, name)
  for (const word of [...RunStatus.enum, ...RunTrigger.enum]) t.match(runs, `| \`${word}\` |`, word)
  const [inputs = ''] = /^\| kind \| takes \|\n.*?\n\n/ms.exec(runs ?? '') ?? []
  for (const { name, input } of KINDS.schemas) {
    const row = inputs.split('\n').find((line) => line.split(' | ')[0]?.includes(`\`${name}\``))
    t.ok(row, name)
    for (const key of Object.keys(input)) t.match(row, `\`${key}\``, `${name} takes ${key}`)
  }
})

type Operation = { operationId: string; description: string }

/** What the document says that a caller needs, in the words of the table. */
function needsOf({ description }: Operation): string {
  const [, permission] = /Needs the permission (`[\w.]+`)\./.exec(description) ?? []
  const [, whom] = /(People|Service accounts) only/.exec(description) ?? []
  const who = whom === undefined ? '' : `, ${whom.toLowerCase()} only`
  if (permission !== undefined) return permission + who
  if (description.includes('Needs membership')) return `membership${who}`
  return description.includes('Needs a valid token') ? `a token${who}` : 'nothing'
}

t.test('the README lists every operation and what it needs', async (t) => {
  const document: { paths: Record<string, Record<string, Operation>> } = parse(await read('openapi.yaml'))
  const page = await read('README.md')
  for (const [path, operations] of Object.entries(document.paths)) {
    if (!path.startsWith('/api/v1/')) continue
    for (const [method, operation] of Object.entries(operations)) {
      const short = path
        .replace('/api/v1', '')
        .replace('/organizations/{orgId}/spaces/{spaceId}', '{space}')
        .replace('/organizations/{orgId}', '{org}')
      const { operationId } = operation
      const row = `| \`${operationId}\` | \`${method.toUpperCase()} ${short}\` | ${needsOf(operation)} |`
      t.ok(page.includes(row), row)
    }
  }
})

t.test('the README names every setting', async (t) => {
  const [page, config] = await Promise.all([read('README.md'), read('src/config.ts')])
  const names = new Set([...config.matchAll(/\(env, '([A-Z_]+)'/g)].map((match) => match[1] ?? ''))
  t.ok(names.size > 8)
  for (const name of names) t.ok(page.includes(`\`${name}\``), name)
})

t.test('pages link only to what is there', async (t) => {
  const { glob, access } = await import('node:fs/promises')
  for await (const page of glob('{*.md,docs/**/*.md,bench/*.md}', { cwd: ROOT })) {
    for (const [, target = ''] of (await read(page)).matchAll(/\]\((?!https?:)([^)#]+)/g))
      await t.resolves(access(join(ROOT, page, '..', target)), `${page} → ${target}`)
  }
})
