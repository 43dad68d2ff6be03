import type { Static } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { TOOL_SCHEMAS, type ToolName } from '../../schemas/tools.ts'
import type { Api } from './api.ts'

/** What a call of a tool may use. */
export type Call = {
  app: FastifyInstance
  api: Api
  /** Aborted once the caller does not wait any more. */
  signal: AbortSignal
  /** Tells a caller who wants to know that this goes on. */
  progress(message: string): void
}

/** What a tool does to the world, for clients that ask people before they call one (MCP, ToolAnnotations). */
type Effect = 'reads' | 'adds' | 'changes'

/** A tool of AI staff. */
export type Tool = {
  name: ToolName
  title: string
  description: string
  effect: Effect
  /** @throws Refused where an operation says no */
  run(args: Record<string, unknown>, call: Call): Promise<Record<string, unknown>>
}

/** Makes a tool, whose arguments are those of its schema. */
export function tool<N extends ToolName>(
  name: N,
  about: Pick<Tool, 'title' | 'description' | 'effect'>,
  run: (args: Static<(typeof TOOL_SCHEMAS)[N]['input']>, call: Call) => Promise<Record<string, unknown>>,
): Tool {
  return { name, ...about, run: run as Tool['run'] }
}

/** The tool as clients are told of it. */
export function shown({ name, title, description, effect }: Tool) {
  const { input, output } = TOOL_SCHEMAS[name]
  return {
    name,
    title,
    description,
    inputSchema: input,
    outputSchema: output,
    annotations: {
      readOnlyHint: effect === 'reads',
      destructiveHint: effect === 'changes',
      // A second time answers what is there already, or says that nothing is.
      idempotentHint: true,
      openWorldHint: false,
    },
  }
}
