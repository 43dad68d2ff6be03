import type { ValidateFunction } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import { closeObjects } from './document.ts'

type Answer = { statusCode: number; body: string; headers: Record<string, unknown> }
type Response = { $ref?: string; content?: Record<string, { schema: object }> }
type Operation = { responses: Record<string, Response> }
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, object> } }

/** Tells what is wrong with an answer, held against the document; undefined when it keeps the contract. */
export type Check = (method: string, url: string, answer: Answer) => string | undefined

/** Holds answers against the OpenAPI document of an app: the status is documented, the body is valid. */
export function contractOf(app: FastifyInstance): Check {
  const document: Document = JSON.parse(JSON.stringify(app.swagger()))
  closeObjects(document)
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: true })
  // biome-ignore lint/suspicious/noExplicitAny: ajv-formats is published as CommonJS with a default export inside
  ;((addFormats as any).default ?? addFormats)(ajv)
  ajv.addSchema({ ...document, $id: 'document' })
  const validators = new Map<string, ValidateFunction>()
  const validator = (pointer: string) => {
    const found = validators.get(pointer) ?? ajv.compile({ $ref: `document#${pointer}` })
    validators.set(pointer, found)
    return found
  }

  return (method, url, answer) => {
    const [template, operation] = findOperation(document, method, url)
    const status = String(answer.statusCode)
    if (operation === undefined) {
      if (answer.statusCode < 400) return undefined // Swagger UI and the document itself are not operations of it
      return validate(validator('/components/schemas/Error'), answer)
    }
    const response = operation.responses[status]
    if (response === undefined) return `${method} ${template} answered ${status}, which is not documented`
    // Only errors are referred to.
    if (response.$ref !== undefined) return validate(validator('/components/schemas/Error'), answer)
    if (response.content === undefined) return answer.body === '' ? undefined : `${status} has a body: ${answer.body}`
    const type = 'text/event-stream' in response.content ? 'text/event-stream' : 'application/json'
    const escaped = template.replaceAll('~', '~0').replaceAll('/', '~1')
    const pointer = `/paths/${escaped}/${method.toLowerCase()}/responses/${status}/content/${type.replace('/', '~1')}/schema`
    const check = validator(encodeURI(pointer))
    return type === 'application/json' ? validate(check, answer) : validateEvents(check, answer)
  }
}

function validate(check: ValidateFunction, answer: Answer): string | undefined {
  if (!String(answer.headers['content-type']).startsWith('application/json')) return 'the answer is not JSON'
  if (check(JSON.parse(answer.body))) return undefined
  return `${answer.statusCode} ${answer.body} is not as documented: ${JSON.stringify(check.errors)}`
}

/** Server-sent events, each with its own JSON. */
function validateEvents(check: ValidateFunction, { headers, body }: Answer): string | undefined {
  if (!String(headers['content-type']).startsWith('text/event-stream')) return 'the answer is not a stream of events'
  const wrong = body.split('\n').find((line) => line.startsWith('data: ') && !check(JSON.parse(line.slice(6))))
  return wrong && `${wrong} is not as documented: ${JSON.stringify(check.errors)}`
}

/** The most specific template that fits: `/a/me` before `/a/{id}`. */
function findOperation(document: Document, method: string, url: string): [string, Operation | undefined] {
  const path = url.split('?')[0] ?? ''
  const fits = Object.keys(document.paths)
    .filter((template) => new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path))
    .sort((a, b) => a.split('{').length - b.split('{').length)
  const [template = ''] = fits
  return [template, document.paths[template]?.[method.toLowerCase()]]
}
