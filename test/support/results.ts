import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../.sdk')

/** What one tool of the contract found: a line of the table that `.ci/run` ends with. */
export type ToolResult = { tool: string; version: string; checks: string; result: string }

/** Adds a line to `.sdk/results.tsv`. */
export async function recordResult({ tool, version, checks, result }: ToolResult): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await appendFile(join(FOLDER, 'results.tsv'), `${[tool, version, checks, result].join('\t')}\n`)
}
