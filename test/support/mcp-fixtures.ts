import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type ElicitRequestFormParams,
  type GetPromptResult,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type JSONValue,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
  Server,
  type ServerContext,
  UriTemplate,
} from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'

type Schema = { type: 'object'; [keyword: string]: JSONValue }
type Tool = {
  schema?: Schema
  run(context: ServerContext, args: Record<string, unknown>): Promise<CallToolResult | InputRequiredResult>
}
type Prompt = {
  arguments?: readonly string[]
  get(context: ServerContext, args: Record<string, string>): GetPromptResult | InputRequiredResult
}
type Content = CallToolResult['content'][number]
type Properties = ElicitRequestFormParams['requestedSchema']['properties']

/** A red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** The header of a sound of no length. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA='
const NO_ARGUMENTS: Schema = { type: 'object' }
const TEMPLATE = new UriTemplate('test://template/{id}/data')
/** The step that tools of several rounds hand to themselves, signed, and bound to what asked and who did. */
const state = createRequestStateCodec<{ step: number }>({
  key: randomBytes(32),
  bind: ({ mcpReq, http }) => `${mcpReq.method}\0${http?.authInfo?.clientId}`,
})

/**
 * Makes a server with the tools, resources and prompts that the conformance suite of the Model Context Protocol asks for (the
 * descriptions of its scenarios say what each does), and nothing else.
 */
export function createFixtureServer(_app: FastifyInstance, _request: FastifyRequest, isModern: boolean): Server {
  const server = new Server(
    { name: 'fixtures', version: '1' },
    {
      capabilities: {
        tools: {},
        prompts: {},
        resources: isModern ? { subscribe: true } : {},
        completions: {},
        logging: {},
      },
      requestState: { verify: state.verify },
    },
  )
  server.setRequestHandler('tools/list', () => ({
    tools: Object.entries(TOOLS).map(([name, { schema = NO_ARGUMENTS }]) => ({
      name,
      description: 'A fixture.',
      inputSchema: schema,
    })),
  }))
  server.setRequestHandler('tools/call', ({ params }, context) => {
    const tool = TOOLS[params.name]
    if (tool === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `no tool is called ${params.name}`)
    return tool.run(context, params.arguments ?? {})
  })
  server.setRequestHandler('resources/list', () => ({
    resources: Object.entries(RESOURCES).map(([uri, { mimeType }]) => ({ uri, name: uri, mimeType })),
  }))
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: TEMPLATE.toString(), name: 'template', mimeType: 'application/json' }],
  }))
  server.setRequestHandler('resources/read', ({ params: { uri } }) => ({ contents: [read(uri)] }))
  server.setRequestHandler('prompts/list', () => ({
    prompts: Object.entries(PROMPTS).map(([name, { arguments: names = [] }]) => ({
      name,
      description: 'A fixture.',
      arguments: names.map((each) => ({ name: each, required: true })),
    })),
  }))
  server.setRequestHandler('prompts/get', ({ params: { name, arguments: args = {} } }, context) => {
    const prompt = PROMPTS[name]
    if (prompt === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `no prompt is called ${name}`)
    return prompt.get(context, args)
  })
  server.setRequestHandler('completion/complete', ({ params: { argument } }) => ({
    completion: { values: ['paris', 'park', 'party'].filter((each) => each.startsWith(argument.value)) },
  }))
  return server
}

const NAME = form('What is your name?', { name: { type: 'string' } })
const CONFIRM = form('Please confirm', { ok: { type: 'boolean' } })

const TOOLS: Record<string, Tool> = {
  // First, for scenarios that call whichever tool is.
  test_simple_text: shows(text('This is a simple text response for testing.')),
  test_image_content: shows({ type: 'image', data: PNG, mimeType: 'image/png' }),
  test_audio_content: shows({ type: 'audio', data: WAV, mimeType: 'audio/wav' }),
  test_embedded_resource: shows({
    type: 'resource',
    resource: {
      uri: 'test://embedded-resource',
      mimeType: 'text/plain',
      text: 'This is an embedded resource content.',
    },
  }),
  test_multiple_content_types: shows(
    text('Multiple content types test:'),
    { type: 'image', data: PNG, mimeType: 'image/png' },
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  ),
  test_error_handling: {
    run: async () => ({ ...says('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_tool_with_logging: { run: logging },
  test_logging_tool: { run: logging },
  test_tool_with_progress: {
    async run({ mcpReq: { _meta, notify } }) {
      const progressToken = _meta?.progressToken
      for (const progress of [0, 50, 100]) {
        if (progress > 0) await sleep(50)
        if (progressToken === undefined) continue
        await notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
      }
      return says('done')
    },
  },
  json_schema_2020_12_tool: {
    schema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: async () => says('taken'),
  },
  test_reconnection: {
    async run({ http }) {
      http?.closeSSE?.()
      await sleep(100)
      return says('still here')
    },
  },

  // Of the wire of 2026 where a client lacks what a tool asks for.
  test_missing_capability: asks({ answer: sampling('Who are you?') }),
  test_streaming_elicitation: asks({ user_name: NAME }),

  // Of the wire of 2025: the library turns what these ask for into requests of its own.
  test_sampling: {
    schema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
    run: (context, { prompt }) => asks({ answer: sampling(String(prompt)) }).run(context, {}),
  },
  test_elicitation: {
    schema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
    run: (context, { message }) =>
      asks({ answer: form(String(message), { username: { type: 'string' }, email: { type: 'string' } }) }).run(
        context,
        {},
      ),
  },
  test_elicitation_sep1034_defaults: asks({
    answer: form('Please check', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  }),
  test_elicitation_sep1330_enums: asks({
    answer: form('Please choose', {
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: { type: 'string', oneOf: titled('Option') },
      legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['One', 'Two', 'Three'] },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
    }),
  }),

  test_input_required_result_elicitation: {
    async run({ mcpReq: { inputResponses } }) {
      const name = acceptedContent(inputResponses, 'user_name')?.name
      return typeof name === 'string' ? says(`Hello, ${name}!`) : inputRequired({ inputRequests: { user_name: NAME } })
    },
  },
  test_input_required_result_sampling: asks({ capital_question: sampling('What is the capital of France?') }),
  test_input_required_result_list_roots: asks({ client_roots: inputRequired.listRoots() }),
  test_input_required_result_request_state: asksInTurn({ confirm: CONFIRM }),
  test_input_required_result_tampered_state: asksInTurn({ confirm: CONFIRM }),
  test_input_required_result_multiple_inputs: asksInTurn({
    user_name: NAME,
    greeting: sampling('Generate a greeting', 50),
    client_roots: inputRequired.listRoots(),
  }),
  test_input_required_result_multi_round: asksInTurn(
    { step1: form('Step 1: What is your name?', { name: { type: 'string' } }) },
    { step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }) },
  ),
  test_input_required_result_capabilities: {
    run(context) {
      const envelope = context.mcpReq.envelope as Record<string, ClientCapabilities> | undefined
      const can = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {}
      return asks({
        ...(can.elicitation && { user_name: NAME }),
        ...(can.sampling && { greeting: sampling('Generate a greeting') }),
        ...(can.roots && { client_roots: inputRequired.listRoots() }),
      }).run(context, {})
    },
  },
}

const PROMPTS: Record<string, Prompt> = {
  test_simple_prompt: { get: () => messages(text('This is a simple prompt for testing.')) },
  test_prompt_with_arguments: {
    arguments: ['arg1', 'arg2'],
    get: (_context, { arg1, arg2 }) => messages(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    arguments: ['resourceUri'],
    get: (_context, { resourceUri = '' }) =>
      messages(
        {
          type: 'resource',
          resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
        text('Please process the embedded resource above.'),
      ),
  },
  test_prompt_with_image: {
    get: () => messages({ type: 'image', data: PNG, mimeType: 'image/png' }, text('Please analyze the image above.')),
  },
  test_input_required_result_prompt: {
    get({ mcpReq: { inputResponses } }) {
      const context = acceptedContent(inputResponses, 'user_context')?.context
      if (typeof context === 'string') return messages(text(`In the context of ${context}`))
      const question = form('What context should the prompt use?', { context: { type: 'string' } })
      return inputRequired({ inputRequests: { user_context: question } })
    },
  },
}

const RESOURCES: Record<string, { mimeType: string; text: string } | { mimeType: string; blob: string }> = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
}

function read(uri: string): ReadResourceResult['contents'][number] {
  const resource = RESOURCES[uri]
  if (resource !== undefined) return { uri, ...resource }
  const id = TEMPLATE.match(uri)?.id
  if (id === undefined) throw new ResourceNotFoundError(uri)
  const found = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
  return { uri, mimeType: 'application/json', text: found }
}

async function logging({ mcpReq }: ServerContext): Promise<CallToolResult> {
  for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    await mcpReq.log('info', message)
    await sleep(50)
  }
  return says('done')
}

/** A tool that always answers the same. */
function shows(...content: Content[]): Tool {
  return { run: async () => ({ content }) }
}

/** A tool that asks its client until all is answered, and then says what was. */
function asks(inputRequests: Record<string, InputRequest>): Tool {
  return { run: async (context) => answersTo(inputRequests, context) ?? inputRequired({ inputRequests }) }
}

/** A tool that asks one thing after another, and believes only its own signed word for how far it came. */
function asksInTurn(...rounds: Record<string, InputRequest>[]): Tool {
  return {
    async run(context) {
      const { step } = context.mcpReq.requestState<{ step: number }>() ?? { step: 0 }
      const answered = step > 0 ? answersTo(rounds[step - 1] ?? {}, context) : undefined
      const next = step === 0 || answered !== undefined ? step : step - 1
      const inputRequests = rounds[next]
      if (inputRequests === undefined) return answered ?? says('')
      return inputRequired({ inputRequests, requestState: await state.mint({ step: next + 1 }, context) })
    },
  }
}

/** What was answered, as a result; undefined while something is missing. */
function answersTo(asked: Record<string, InputRequest>, { mcpReq }: ServerContext): CallToolResult | undefined {
  const answers = Object.keys(asked).map((key) => inputResponse(mcpReq.inputResponses, key))
  return answers.some(({ kind }) => kind === 'missing') ? undefined : says(`state-ok: ${JSON.stringify(answers)}`)
}

function form(message: string, properties: Properties): InputRequest {
  return inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, required: Object.keys(properties) },
  })
}

function sampling(prompt: string, maxTokens = 100): InputRequest {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens })
}

function titled(word: string): { const: string; title: string }[] {
  return [1, 2, 3].map((number) => ({ const: `value${number}`, title: `${word} ${number}` }))
}

function text(text: string): { type: 'text'; text: string } {
  return { type: 'text', text }
}

function says(words: string): CallToolResult {
  return { content: [text(words)] }
}

function messages(...contents: Content[]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: 'user', content })) }
}
