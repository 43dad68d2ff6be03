import fp from 'fastify-plugin'
import { isUuid } from './validation.ts'

/**
 * Ids in the one spelling in which they are kept. Postgres finds a row by any, but what is bound to an id, compared with it
 * or written down knows it only as it is kept. So each is brought into it here, before anything uses it: those of the path
 * before anybody asks whom they belong to, and those that stand by themselves in the query and the body once these are
 * valid. What is deeper in a body, like a `config`, is kept as it was sent.
 */
export default fp(
  async (app) => {
    app.addHook('onRequest', async ({ params }) => respell(params, isNameInPath))
    app.addHook('preHandler', async ({ query, body }) => {
      respell(query, isNameOfMember)
      respell(body, isNameOfMember)
    })
  },
  { name: 'ids' },
)

function respell(members: unknown, isNameOfId: (name: string) => boolean): void {
  if (!isObject(members)) return
  for (const [name, value] of Object.entries(members))
    if (isNameOfId(name)) members[name] = Array.isArray(value) ? value.map(inLowerCase) : inLowerCase(value)
}

/** Not of the bytes that a hook takes as they come, nor of a list. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
}

/** `:orgId`, `:runId`, … */
function isNameInPath(name: string): boolean {
  return name.endsWith('Id')
}

/** `id`, `actor_id`, `role_ids`, … */
function isNameOfMember(name: string): boolean {
  return name === 'id' || name.endsWith('_id') || name.endsWith('_ids')
}

function inLowerCase(value: unknown): unknown {
  return isUuid(value) ? value.toLowerCase() : value
}
