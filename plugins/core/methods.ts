import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../../src/errors.ts'

/** RFC 9110, section 15.5.6: a path that exists answers another method with 405 and the methods that it takes. */
export default fp(
  async (app) => {
    const taken = new Map<string, Set<string>>()
    app.addHook('onRoute', ({ url, method }) => {
      const methods = taken.get(url) ?? new Set()
      for (const each of [method].flat()) methods.add(each)
      taken.set(url, methods)
    })
    app.decorate('refuseOtherMethods', () => {
      for (const [url, methods] of [...taken]) if (!url.includes('*')) refuse(app, url, methods)
    })
  },
  { name: 'methods' },
)

declare module 'fastify' {
  interface FastifyInstance {
    /** To be called once, when every route is there. */
    refuseOtherMethods(): void
  }
}

function refuse(app: FastifyInstance, url: string, methods: ReadonlySet<string>): void {
  const others = app.supportedMethods.filter((method) => !app.hasRoute({ url, method }))
  if (others.length === 0) return
  const allow = [...methods].sort().join(', ')
  app.route({
    url,
    method: [...others],
    config: { public: true },
    schema: { hide: true },
    // Before the body is read: whatever it is, this answer stays the same.
    onRequest: () => {
      throw new ApiError('method_not_allowed', { headers: { Allow: allow } })
    },
    handler: () => {},
  })
}
