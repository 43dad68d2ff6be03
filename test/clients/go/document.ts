import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'

// oapi-codegen makes of a union a type that holds JSON and tells its kind, and nothing else of it. Where properties stand
// beside the union, they become fields: so an automation of whatever kind has its name, status and digest at hand.
//   node document.ts openapi.yaml out.yaml
type Schema = { properties?: Record<string, object>; required?: string[] }

const [from = '', to = ''] = process.argv.slice(2)
const document: { components: { schemas: Record<string, Schema> } } = parse(await readFile(from, 'utf8'))
const { Automation, ScheduledAutomation } = document.components.schemas
if (Automation === undefined || ScheduledAutomation?.properties === undefined)
  throw new Error('the document has no Automation')
// All kinds have the same fields, and each its own `config`.
const { config: _, ...shared } = ScheduledAutomation.properties
Automation.properties = { ...shared, kind: { $ref: '#/components/schemas/AutomationKind' } }
Automation.required = ScheduledAutomation.required?.filter((key) => key !== 'config') ?? []
await writeFile(to, stringify(document, { aliasDuplicateObjects: false }))
