import { TOOL_SCHEMAS } from '../../schemas/tools.ts'
import { schemaProblems } from '../../src/schema-problems.ts'
import { firstUnstorable } from '../../src/storable.ts'
import { Refused } from './api.ts'
import { type ToolResult, toRefusal, toResult } from './result.ts'
import type { Call, Tool } from './tool.ts'

/** Calls a tool. Whatever goes wrong with it, its caller can act on: the result says what, and what to do. */
export async function callTool(tool: Tool, args: unknown, call: Call): Promise<ToolResult> {
  try {
    return toResult(await run(tool, args, call))
  } catch (error) {
    if (error instanceof Refused) return toRefusal(error)
    throw error
  }
}

/** @throws Refused `invalid_arguments`, and what the tool throws */
export async function run(tool: Tool, args: unknown, call: Call): Promise<Record<string, unknown>> {
  const given = args ?? {}
  const unstorable = firstUnstorable(given)
  const problems = unstorable === undefined ? schemaProblems(TOOL_SCHEMAS[tool.name].input, given) : [unstorable]
  if (problems.length > 0) {
    const details = problems.map(({ path, message }) => ({ path, message }))
    throw new Refused('invalid arguments', { status: 400, code: 'invalid_arguments', details })
  }
  return tool.run(given as Record<string, unknown>, call)
}
