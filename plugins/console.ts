import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import helmet from '@fastify/helmet'
import files from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const PATH = '/console'
const BUILT = join(import.meta.dirname, '../console/dist')
const SECONDS_A_YEAR = 31_536_000

/** Nothing comes from elsewhere, no text becomes code, and no other page holds this one in a frame. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: ["'none'"],
  },
}

/**
 * The console as it was built (console/). Each of its addresses has the one page, which looks at the address itself. A proxy may serve
 * it under the path of the public URL.
 *
 * @returns whether there is one: a checkout may not have been built.
 */
export async function serveConsole(app: FastifyInstance): Promise<boolean> {
  const built = await readFile(join(BUILT, 'index.html'), 'utf8').catch(() => undefined)
  if (built === undefined) return false
  const path = new URL(app.settings.publicUrl).pathname.replace(/\/$/, '')
  const page = built
    .replaceAll(`"${PATH}/`, `"${path}${PATH}/`)
    .replace('<head>', `<head><meta name="base-path" content="${path}" />`)
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true }
      route.schema = { ...route.schema, hide: true }
    })
    await scope.register(helmet, {
      contentSecurityPolicy: CONTENT_SECURITY_POLICY,
      hsts: false,
      frameguard: { action: 'deny' },
    })
    await scope.register(files, {
      root: BUILT,
      prefix: `${PATH}/`,
      index: false,
      wildcard: false,
      cacheControl: false,
      preCompressed: true,
      globIgnore: ['index.html', '**/*.br', '**/*.gz'],
      setHeaders: (reply, file) => {
        // What is in assets has its content in its name.
        const isLasting = file.startsWith(join(BUILT, 'assets'))
        reply.header('cache-control', isLasting ? `public, max-age=${SECONDS_A_YEAR}, immutable` : 'no-cache')
      },
    })
    // What another version of the page asks for is none.
    scope.get(`${PATH}/assets/*`, async (_request, reply) => reply.callNotFound())
    for (const address of [PATH, `${PATH}/*`])
      scope.get(address, async (_request, reply) =>
        reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(page),
      )
  })
  return true
}
