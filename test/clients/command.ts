import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Command, Language } from './languages.ts'

/** Of a machine without something that a language needs: its name; undefined where everything is there. */
export function missing({ needs }: Language): string | undefined {
  const absent = needs.find(([command, ...args]) => spawnSync(command, args).status !== 0)
  return absent?.[0]
}

/**
 * Runs a program to its end.
 *
 * @returns all that it printed.
 * @throws Error with that, where it failed.
 */
export async function execute({ run: [command, ...args], in: cwd, env }: Command): Promise<string> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text
    })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${printed}`)
  return printed
}
