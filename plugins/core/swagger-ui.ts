import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import helmet from '@fastify/helmet'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'

/**
 * The document for people at `/docs`, and for programs at `/openapi.yaml` and `/openapi.json`. A proxy may serve all of it under
 * the path of the public URL and take that path off before it asks: the page finds its parts by where it was opened.
 */
export default fp<{ publicUrl: string; home: string }>(
  async (app, { publicUrl, home }) => {
    const path = new URL(publicUrl).pathname.replace(/\/$/, '')
    await app.register(async (scope) => {
      // Its own routes know nothing of permissions: they serve files that anybody may read.
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, public: true }
      })
      scope.addHook('onSend', async (_request, reply) => {
        const location = reply.getHeader('location')
        if (typeof location === 'string') reply.header('location', `${path}${location}`)
      })
      scope.addHook('onSend', async (_request, reply, payload) =>
        String(reply.getHeader('content-type')).startsWith('text/html') && typeof payload === 'string'
          ? payload.replace('<head>', `<head>${HEAD}`)
          : payload,
      )
      await scope.register(helmet, { contentSecurityPolicy: CONTENT_SECURITY_POLICY, hsts: false })
      await scope.register(swaggerUi, {
        routePrefix: '/docs',
        indexPrefix: '.',
        theme: {
          title: 'Hyperspeed Automations API',
          css: [await fileOfPage('theme.css')],
          js: [await fileOfPage('session.js'), await fileOfPage('page.js')],
          favicon: [{ ...(await fileOfPage('favicon.svg')), rel: 'icon', type: 'image/svg+xml', sizes: 'any' }],
        },
        transformSpecification: (document) => forThePage(document),
        uiConfig: {
          plugins: PLUGINS,
          deepLinking: true,
          persistAuthorization: true,
          displayRequestDuration: true,
          tryItOutEnabled: true,
          defaultModelsExpandDepth: 0,
        },
      })
      scope.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect(home))
    })
    for (const format of ['yaml', 'json'] as const) {
      app.get(`/openapi.${format}`, { config: { public: true }, schema: { hide: true } }, async (_request, reply) =>
        format === 'yaml'
          ? reply.type('application/yaml; charset=utf-8').send(app.openapiYaml())
          : reply.type('application/json; charset=utf-8').send(app.swagger()),
      )
    }
  },
  { name: 'swagger-ui', dependencies: ['openapi', 'authorization'] },
)

const PAGE = join(import.meta.dirname, 'docs-page')
/** Swagger UI's own page leaves it out, and would be shown on a phone as on a desk. */
const HEAD = '<meta name="viewport" content="width=device-width, initial-scale=1" />'

async function fileOfPage(filename: string): Promise<{ filename: string; content: string }> {
  return { filename, content: await readFile(join(PAGE, filename), 'utf8') }
}

/** Names that are there in the browser. */
declare const SwaggerUIBundle: { plugins: { DownloadUrl(system: unknown): object } }
declare const hyperspeedDocs: (system: unknown) => object

/** They run in the browser, where they arrive as text: Swagger UI's own, and docs-page/page.js. */
const PLUGINS = [
  (system: unknown) => SwaggerUIBundle.plugins.DownloadUrl(system),
  (system: unknown) => hyperspeedDocs(system),
]

type Schema = { $ref?: string; example?: unknown }
type Documented = {
  paths: Record<string, Record<string, { parameters?: { required?: boolean; schema?: Schema }[] }>>
  components: { schemas: Record<string, Schema> }
}

/** The document as the page needs it; it is a copy, and changed in place. */
function forThePage(document: object): object {
  const { paths, components } = document as Documented
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  for (const parameter of operations.flatMap(({ parameters = [] }) => parameters)) {
    const component = components.schemas[parameter.schema?.$ref?.split('/').at(-1) ?? '']
    if (parameter.required || component === undefined) continue
    // What a type looks like is filled in as if somebody had asked for it: a filter by that status, a key used before.
    const { example: _, ...schema } = component
    parameter.schema = schema
  }
  return document
}

/** Swagger UI styles itself inline and shows images out of data URLs; it reaches nothing but this server. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    fontSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
}
