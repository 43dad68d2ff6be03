import { Type } from '@sinclair/typebox'
import { closed, component, ref } from './component.ts'

export const AgentTool = component(
  'AgentTool',
  closed(
    {
      name: Type.String({ description: 'What it is called by.', example: 'propose_automation' }),
      description: Type.String({ description: 'What it does, for models.' }),
      inputSchema: Type.Record(Type.String(), Type.Unknown(), {
        title: 'AgentToolInputSchema',
        description: 'The JSON Schema of its arguments.',
      }),
    },
    { description: 'A tool of AI staff.' },
  ),
)

export const AgentToolListResponse = component(
  'AgentToolListResponse',
  closed({ tools: Type.Array(ref(AgentTool)) }, { description: 'The tools of AI staff.' }),
)

export const AgentToolCall = component(
  'AgentToolCall',
  closed(
    {
      tool: Type.String({ minLength: 1, maxLength: 64, description: 'Its name.', example: 'get_workspace' }),
      arguments: Type.Optional(
        Type.Record(Type.String(), Type.Unknown(), {
          title: 'AgentToolArguments',
          description: 'As its `inputSchema` says.',
          example: {},
        }),
      ),
      mode: Type.Optional(Type.String({ maxLength: 200, description: 'Makes no difference.' })),
      session_id: Type.Optional(Type.String({ maxLength: 200, description: 'Makes no difference.' })),
    },
    { description: 'A call of a tool.', example: { tool: 'get_workspace', arguments: {} } },
  ),
)

export const AgentToolResponse = component(
  'AgentToolResponse',
  closed(
    {
      result: Type.Record(Type.String(), Type.Unknown(), {
        title: 'AgentToolResult',
        description: 'What the tool found.',
      }),
    },
    { description: 'What a tool answered.' },
  ),
)
