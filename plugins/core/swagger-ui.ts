import helmet from '@fastify/helmet'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'

/** The document for people at `/docs`, and for programs at `/openapi.yaml` and `/openapi.json`. */
export default fp(
  async (app) => {
    await app.register(async (scope) => {
      // Its own routes know nothing of permissions: they serve files that anybody may read.
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, public: true }
      })
      await scope.register(helmet, { contentSecurityPolicy: CONTENT_SECURITY_POLICY, hsts: false })
      await scope.register(swaggerUi, {
        routePrefix: '/docs',
        theme: { title: 'Hyperspeed Automations', css: [{ filename: 'theme.css', content: THEME }] },
        // Whatever name the page was opened under, requests go to where it came from.
        transformSpecification: (document) => ({ ...document, servers: [{ url: '/', description: 'This server' }] }),
        transformSpecificationClone: false,
        uiConfig: {
          deepLinking: true,
          persistAuthorization: true,
          displayRequestDuration: true,
          tryItOutEnabled: true,
        },
      })
    })
    for (const format of ['yaml', 'json'] as const) {
      app.get(`/openapi.${format}`, { config: { public: true }, schema: { hide: true } }, async (_request, reply) =>
        format === 'yaml'
          ? reply.type('application/yaml; charset=utf-8').send(app.openapiYaml())
          : reply.type('application/json; charset=utf-8').send(app.swagger()),
      )
    }
    app.get('/', { config: { public: true }, schema: { hide: true } }, async (_request, reply) =>
      reply.redirect('/docs'),
    )
  },
  { name: 'swagger-ui', dependencies: ['openapi', 'authorization'] },
)

/** One document needs no bar to choose it by. */
const THEME = '.swagger-ui .topbar { display: none }'

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
