import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import helmet from '@fastify/helmet'
import files from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const PATH = '/console'
const BUILT = join(import.meta.dirname, '../console/dist')
const PAGE = join(BUILT, 'index.html')
const ASSETS = join(BUILT, 'assets')
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
 * The console as it is built (console/). Each of its addresses has the one page, which looks at the address itself; it is read each time,
 * because it may be built anew while a server runs. A proxy may serve it under the path of the public URL.
 *
 * @returns whether there is one: a checkout may not have been built.
 */
export async function serveConsole(app: FastifyInstance): Promise<boolean> {
  if (!existsSync(PAGE)) return false
  const path = new URL(app.settings.publicUrl).pathname.replace(/\/$/, '')
  const readPage = async () =>
    (await readFile(PAGE, 'utf8'))
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
      root: ASSETS,
      prefix: `${PATH}/assets/`,
      index: false,
      cacheControl: false,
      preCompressed: true,
      // Each has its content in its name.
      setHeaders: (reply) => reply.header('cache-control', `public, max-age=${SECONDS_A_YEAR}, immutable`),
    })
    for (const address of [PATH, `${PATH}/*`])
      scope.get(address, async (_request, reply) =>
        reply
          .type('text/html; charset=utf-8')
          .header('cache-control', 'no-store')
          .send(await readPage()),
      )
  })
  return true
}
