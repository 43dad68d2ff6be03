import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../../db/free-port.ts'

const ROOT = join(import.meta.dirname, '../..')
const LOOK_MS = 20

/** A process that this one started. Its stderr is this one's. */
export type Program = { pid: number; stop(): Promise<void> }

/** Starts a program of `bench/` and waits for the line of JSON that it prints when it is ready. */
export async function startProgram<T>(path: string, env: Record<string, string>): Promise<Program & { ready: T }> {
  const program = start([join(ROOT, 'bench', path)], env)
  const line = await program.line((text) => text.startsWith('{'))
  return { ...program, ready: JSON.parse(line) as T }
}

/** The program itself, and where it listens. */
export type Server = Program & { base: string; tunnelPort: number }

/**
 * Starts the program itself, as its users do, and waits until it listens. A worker has no tunnels.
 *
 * @param env more of its settings.
 */
export async function startServer(
  role: 'api' | 'worker' | 'all',
  databaseUrl: string,
  env: Record<string, string> = {},
): Promise<Server> {
  const [port, tunnelPort] = [await freePort(), await freePort()]
  const secrets = {
    JWT_SECRET: randomBytes(48).toString('base64'),
    HS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  }
  const program = start(['bin/hyperspeed.ts', 'serve'], {
    ROLE: role,
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    TUNNEL_PORT: String(tunnelPort),
    ...secrets,
    ...env,
  })
  const looking = new AbortController()
  const ports = role === 'worker' ? [port] : [port, tunnelPort]
  const listening = Promise.all(ports.map((each) => untilListening(each, looking.signal)))
  const ended = program.line(() => false)
  await Promise.race([listening, ended]).finally(() => looking.abort())
  return { ...program, base: `http://127.0.0.1:${port}`, tunnelPort }
}

/** Waits until something listens there. What a log says depends on its level. */
async function untilListening(port: number, looking: AbortSignal): Promise<void> {
  while (!looking.aborted) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await wait(LOOK_MS)
    } finally {
      socket.destroy()
    }
  }
}

function start(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { ...keep(child), line: (wanted: (text: string) => boolean) => firstLine(child, wanted) }
}

/** Ends what is measured with this process, however that ends, or when it is told to. */
export function keep(child: ChildProcess): Program {
  const exited = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    pid: child.pid ?? Number.NaN,
    async stop() {
      child.kill('SIGTERM')
      await exited
      process.off('exit', kill)
    },
  }
}

/** Reads on after the line that it looks for: a pipe that nobody reads would stop its writer. */
function firstLine({ stdout, pid }: ChildProcess, wanted: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    if (stdout === null) throw new Error('the program has no output to read')
    const lines = createInterface({ input: stdout })
    lines.on('line', (text) => wanted(text) && resolve(text))
    lines.on('close', () => reject(new Error(`process ${pid} ended before it was ready`)))
  })
}
