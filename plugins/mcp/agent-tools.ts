import { AgentToolCall, AgentToolListResponse, AgentToolResponse } from '../../schemas/agent-tools.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { OrganizationParams } from '../../schemas/params.ts'
import { ApiError, ERRORS, type ErrorCode } from '../../src/errors.ts'
import { unauthorized } from '../core/authentication.ts'
import { hungUp } from '../hung-up.ts'
import type { RoutePlugin } from '../route-plugin.ts'
import { apiOf, Refused } from './api.ts'
import { run } from './call.ts'
import { shown, type Tool, tool } from './tool.ts'
import { TOOLS } from './tools/index.ts'
import { proposeAutomation } from './tools/proposals.ts'

const TAG = 'Agent tools'

/** The same tools for programs that speak to Hyperspeed's own two routes, such as its proxy for clients on a desk. */
const routes: RoutePlugin = async (app) => {
  const all = [...TOOLS, PROPOSE]
  const tools = all.map(toTool)
  const door = { permission: 'agent.tools.invoke', staffOnly: true } as const

  app.get(
    '/tools',
    {
      config: door,
      schema: {
        operationId: 'listAgentTools',
        tags: [TAG],
        summary: 'List the tools of AI staff',
        description: 'The tools that `POST /mcp` has, and `space.automation.propose`.',
        params: OrganizationParams,
        response: { 200: ref(AgentToolListResponse) },
      },
    },
    async () => ({ tools }),
  )

  app.post(
    '/invoke',
    {
      config: door,
      schema: {
        operationId: 'invokeAgentTool',
        tags: [TAG],
        summary: 'Call a tool of AI staff',
        description: 'What the tool does not allow is answered as the operation behind it answers.',
        params: OrganizationParams,
        body: ref(AgentToolCall),
        response: { 200: ref(AgentToolResponse), ...errors(404, 409, 412) },
      },
    },
    async (request, reply) => {
      const { tool: name, arguments: args } = request.body
      const found = all.find((each) => each.name === name)
      if (found === undefined) throw new ApiError('tool_not_found')
      const call = { app, api: apiOf(app, request), signal: hungUp(reply), progress: () => {} }
      return { result: await run(found, args, call).catch(asApiError) }
    },
  )
}

/** The tool of Hyperspeed's own proxy, under its name: the same proposal, of which neither config nor note need be there. */
const PROPOSE: Tool = tool(
  'space.automation.propose',
  {
    title: 'Propose an automation',
    description: 'Proposes an automation, which waits until a person has approved it.',
    effect: 'adds',
  },
  async ({ config = {}, note = '', ...proposal }, call) => proposeAutomation.run({ ...proposal, config, note }, call),
)

function toTool(each: Tool) {
  const { name, description, inputSchema } = shown(each)
  return { name, description, inputSchema }
}

/** What a tool was refused, as the operation behind it said it. */
function asApiError(error: unknown): never {
  if (!(error instanceof Refused)) throw error
  const code = error.code === 'invalid_arguments' ? 'invalid_request' : error.code
  if (!(code in ERRORS)) throw error
  if (code === 'unauthorized') throw unauthorized()
  const details = error.details.map(({ path, ...detail }) => ({
    ...detail,
    path: error.code === 'invalid_arguments' ? `/arguments${path}` : path,
  }))
  const headers = error.afterSeconds === undefined ? {} : { 'Retry-After': String(error.afterSeconds) }
  throw new ApiError(code as ErrorCode, { details, headers })
}

export default routes
