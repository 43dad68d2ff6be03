import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as ask, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import type { AgentEvent } from '../../agent/agent.ts'
import { type RunningServer, spawnServer } from './server.ts'
import { until } from './until.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The program, and where visitors of tunnels come in. */
export type TunnelProcess = RunningServer & { apiPort: number; visitorsPort: number; isReady(): Promise<boolean> }

/** Starts the real program, with tunnels on a free port. It is killed at the end of the test. */
export async function startTunnelProcess(t: Test, env: Record<string, string>): Promise<TunnelProcess> {
  const { base: starting, ...process } = spawnServer({ LOG_LEVEL: 'info', ...env })
  t.teardown(async () => {
    process.child.kill('SIGKILL')
    await process.exited
  })
  const base = await starting
  const visitorsPort = await until(async () => {
    const line = process.output.find((each) => each.includes('Tunnels listening at')) ?? ''
    return Number(/listening at http:\/\/[\d.]+:(\d+)/.exec(line)?.[1] ?? 0)
  })
  const isReady = async () => (await fetch(`${base}/readyz`).catch(() => undefined))?.ok ?? false
  return { ...process, base, apiPort: Number(new URL(base).port), visitorsPort, isReady }
}

/** Packs the agent, once, into a folder of its own. @returns its one file. */
export async function packAgent(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-agent-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await promisify(execFile)(process.execPath, ['agent/pack.ts', folder], { cwd: ROOT })
  return join(folder, 'agent', 'hyperspeed.js')
}

export type AgentProcess = {
  child: ChildProcess
  events: AgentEvent[]
  stderr: () => string
  exited: Promise<number | null>
  /** Sessions that it has, by what it says. */
  sessions(): number
}

/** Starts an agent as a process of its own. @param file the packed one; the one of this repository by default. */
export function startAgentProcess(
  t: Test,
  { file, server, token, to }: { file?: string; server: string; token: string; to: number | string },
  args: string[] = [],
  env: Record<string, string> = {},
): AgentProcess {
  const program = file ?? join(ROOT, 'bin/hyperspeed.ts')
  const child = spawn(
    process.execPath,
    [program, 'tunnel', '--json', '--server', server, '--to', String(to), ...args],
    {
      env: { PATH: process.env.PATH, HYPERSPEED_TUNNEL_TOKEN: token, ...env },
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const events: AgentEvent[] = []
  let stderr = ''
  createInterface({ input: child.stdout }).on('line', (line) => void events.push(JSON.parse(line)))
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const sessions = () => {
    const last = events.findLast(({ event }) => event === 'connected' || event === 'disconnected')
    return last !== undefined && 'sessions' in last ? last.sessions : 0
  }
  return { child, events, stderr: () => stderr, exited, sessions }
}

/** A request of a visitor, to its end. @returns the status, or a word for what went wrong. */
export async function visitOnce(
  port: number,
  name: string,
  { path = '/', body, timeoutMs = 30_000 }: { path?: string; body?: string; timeoutMs?: number } = {},
): Promise<{ status: number | string; body: string }> {
  const out = ask({
    host: '127.0.0.1',
    port,
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: { host: `${name}.localhost` },
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  })
  try {
    out.end(body)
    const [answer] = (await once(out, 'response')) as [IncomingMessage]
    return { status: answer.statusCode ?? 0, body: await text(answer) }
  } catch (error) {
    return { status: error instanceof Error ? error.message : String(error), body: '' }
  }
}

/** Requests of visitors, several at a time, until it is told to stop. @returns how many had each outcome. */
export function visitAgainAndAgain(
  port: number,
  name: string,
  atOnce: number,
): { stop(): Promise<Map<string, number>> } {
  const outcomes = new Map<string, number>()
  let isGoing = true
  const loops = Array.from({ length: atOnce }, async () => {
    while (isGoing) {
      const { status, body } = await visitOnce(port, name, { body: 'hello' })
      const outcome = `${status} ${status === 200 ? '' : body.slice(0, 200)}`.trim()
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  })
  return {
    async stop() {
      isGoing = false
      await Promise.all(loops)
      return outcomes
    },
  }
}
