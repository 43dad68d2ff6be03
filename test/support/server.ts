import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { JWT_SECRET } from './app.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The secrets of {@link testApp}, so that its callers' tokens hold on a real server too. */
export const SECRETS = { JWT_SECRET, HS_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }

export type RunningServer = { base: string; child: ChildProcess; output: string[]; exited: Promise<number | null> }

/** Starts the real program on a free port of loopback and waits until it listens. It is killed at the test's end. */
export async function startServer(t: Test, env: Record<string, string>): Promise<RunningServer> {
  const { child, exited, ...starting } = spawnServer(env)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { ...starting, child, exited, base: await starting.base }
}

/** Starts the real program on a free port of loopback. `base` comes once it listens, and rejects when it ends before. */
export function spawnServer(env: Record<string, string>): Omit<RunningServer, 'base'> & { base: Promise<string> } {
  const child = spawn(process.execPath, ['bin/hyperspeed.ts', 'serve'], {
    cwd: ROOT,
    // Without TUNNEL_PORT it is the one after PORT, which another test's connection may have.
    env: { PATH: process.env.PATH, PORT: '0', TUNNEL_PORT: '0', RATE_LIMIT: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const output: string[] = []
  const base = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line)
        const [, found] = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? []
        if (found) resolve(found)
      })
    }
    exited.then(() => reject(new Error(`the server ended:\n${output.join('\n')}`)), reject)
  })
  return { base, child, output, exited }
}

/** A program that has not ended by then would outlive the test, whose own time is up before. */
const MAX_RUN_MS = 90_000

/** Runs the program to its end. @param as whom, instead of whoever runs the tests. */
export async function runProgram(
  args: string[],
  env: Record<string, string> = {},
  as: { uid?: number; gid?: number } = {},
) {
  const child = spawn(process.execPath, ['bin/hyperspeed.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MAX_RUN_MS,
    ...as,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const [code] = await once(child, 'close')
  return { code: code as number, stdout, stderr }
}
