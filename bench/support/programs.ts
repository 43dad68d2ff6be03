import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '../..')

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

/** Starts the program itself, as its users do, and waits until it listens. A worker has no tunnels. */
export async function startServer(role: 'api' | 'worker' | 'all', databaseUrl: string): Promise<Server> {
  const secrets = {
    JWT_SECRET: randomBytes(48).toString('base64'),
    HS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  }
  const program = start(['bin/hyperspeed.ts', 'serve'], {
    ROLE: role,
    DATABASE_URL: databaseUrl,
    PORT: '0',
    ...secrets,
  })
  const portIn = (line: string) => Number(/:(\d+)"/.exec(line)?.[1])
  const listening = program.line((text) => text.includes('Server listening'))
  const tunnels = role === 'worker' ? undefined : program.line((text) => text.includes('Tunnels listening'))
  const port = portIn(await listening)
  const tunnelPort = tunnels === undefined ? Number.NaN : portIn(await tunnels)
  return { ...program, base: `http://127.0.0.1:${port}`, tunnelPort }
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
