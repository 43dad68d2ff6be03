import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../../.sdk')

/** What one tool of the contract found: a line of the table that `.ci/run` ends with. */
export type ToolResult = { tool: string; version: string; checks: string; result: string }

/** Writes a line into `.sdk/results.tsv`, in place of what the tool found the last time. */
export async function recordResult({ tool, version, checks, result }: ToolResult): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const file = join(FOLDER, 'results.tsv')
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  const others = lines.filter((line) => line !== '' && !line.startsWith(`${tool}\t`))
  await writeFile(file, `${[...others, [tool, version, checks, result].join('\t')].join('\n')}\n`)
}
