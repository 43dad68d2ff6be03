import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'

// openapi-generator makes a class of each kind of automation that knows nothing of the others. What they have in common becomes
// their parent where they are put together of it (`allOf`; see pom.xml): so an automation of whatever kind has its name, status
// and digest at hand.
//   node document.ts openapi.yaml out.yaml
type Schema = {
  properties?: Record<string, object>
  required?: string[]
  oneOf?: { $ref: string }[]
  [key: string]: unknown
}

const OWN = ['kind', 'config']
const [from = '', to = ''] = process.argv.slice(2)
const document: { components: { schemas: Record<string, Schema> } } = parse(await readFile(from, 'utf8'))
const { schemas } = document.components
const names = schemas.Automation?.oneOf?.map(({ $ref }) => $ref.split('/').at(-1) ?? '') ?? []
if (names.length === 0) throw new Error('the document has no Automation')

const part = ({ properties = {}, required = [] }: Schema, isPart: (key: string) => boolean) => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(properties).filter(([key]) => isPart(key))),
  required: required.filter(isPart),
})
for (const name of names) {
  const whole = schemas[name] ?? {}
  schemas.AutomationBase = part(whole, (key) => !OWN.includes(key))
  const parts = [{ $ref: '#/components/schemas/AutomationBase' }, part(whole, (key) => OWN.includes(key))]
  schemas[name] = { allOf: parts, description: whole.description }
}
await writeFile(to, stringify(document, { aliasDuplicateObjects: false }))
