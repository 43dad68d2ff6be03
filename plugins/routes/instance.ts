import * as organizations from '../../db/queries/organizations.ts'
import { ref } from '../../schemas/component.ts'
import { Instance } from '../../schemas/instance.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** What a page has to know before anybody signs in. */
const routes: RoutePlugin = async (app) => {
  // Once there is an organization there is one for good.
  let isSetUp = false

  app.get(
    '/instance',
    {
      config: { public: true },
      schema: {
        operationId: 'getInstance',
        tags: ['Auth'],
        summary: 'Get what this server is',
        response: { 200: ref(Instance) },
      },
    },
    async () => {
      isSetUp ||= await organizations.exists(app.db)
      return { version: app.settings.version, git_sha: null, needs_organization_setup: !isSetUp }
    },
  )
}

export default routes
