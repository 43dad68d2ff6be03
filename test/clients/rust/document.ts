import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'

// progenitor takes JSON alone, and refuses the whole document for one operation that takes anything else. There is one:
// the URL of a webhook, where others' programs send what they like, and no client of this API does.
//   node document.ts openapi.yaml out.yaml
type Operation = { operationId: string; requestBody?: { content: object }; responses: Record<string, Response> }
type Response = { links?: Record<string, { operationId: string }> }

const [from = '', to = ''] = process.argv.slice(2)
const document: { paths: Record<string, Record<string, Operation>> } = parse(await readFile(from, 'utf8'))
const gone = new Set<string>()
for (const [path, methods] of Object.entries(document.paths)) {
  for (const [method, { operationId, requestBody }] of Object.entries(methods)) {
    if (requestBody === undefined || 'application/json' in requestBody.content) continue
    delete methods[method]
    gone.add(operationId)
  }
  if (Object.keys(methods).length === 0) delete document.paths[path]
}
for (const { responses } of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
  for (const { links = {} } of Object.values(responses))
    for (const [name, { operationId }] of Object.entries(links)) if (gone.has(operationId)) delete links[name]
await writeFile(to, stringify(document, { aliasDuplicateObjects: false }))
console.log(`left out: ${[...gone].join(', ')}`)
