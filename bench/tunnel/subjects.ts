import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as ask, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { v7 as newId } from 'uuid'
import type { Database } from '../../db/client.ts'
import { freePort } from '../../db/free-port.ts'
import * as tunnelNames from '../../db/queries/tunnel-names.ts'
import * as tunnels from '../../db/queries/tunnels.ts'
import { hashToken, newToken } from '../../src/access/tokens.ts'
import { keep, type Program, startServer } from '../support/programs.ts'
import { makeAutomations, makeWorkspace } from '../support/workspace.ts'

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** A way to the service: where a client connects, and the processes whose time it costs. */
export type Way = { port: number; host: string; pids: number[]; stop(): Promise<void> }

/** Where a program is on the PATH; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/root/.cargo/bin']
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** Starts a program whose output nobody needs. */
function start(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Program {
  return keep(spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env, cwd: ROOT }))
}

async function listens(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await wait(50)
  }
}

/** `ssh -R` through an sshd of its own, with keys that are thrown away. */
export async function viaSsh(service: number, sshd: string): Promise<Way> {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-ssh-'))
  const at = (name: string) => join(folder, name)
  for (const name of ['host', 'own']) await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
  const [port, out] = [await freePort(), await freePort()]
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true })
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('own.pub')}`,
    `PidFile ${at('pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin prohibit-password',
    'AllowTcpForwarding yes',
    'LogLevel ERROR',
  ]
  await writeFile(at('config'), `${config.join('\n')}\n`)
  const daemon = start(sshd, ['-D', '-e', '-f', at('config')])
  await listens(port)
  const options = ['StrictHostKeyChecking=no', `UserKnownHostsFile=${at('known')}`, 'LogLevel=ERROR', 'Compression=no']
  const client = start('ssh', [
    ...options.flatMap((option) => ['-o', option]),
    ...['-N', '-F', 'none', '-i', at('own'), '-p', String(port), '-R', `127.0.0.1:${out}:127.0.0.1:${service}`],
    `${userInfo().username}@127.0.0.1`,
  ])
  await listens(out)
  const stop = async () => {
    await client.stop()
    await daemon.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return { port: out, host: '127.0.0.1', pids: [daemon.pid, client.pid], stop }
}

/** rathole with its plain TCP transport. */
export async function viaRathole(service: number, rathole: string): Promise<Way> {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-rathole-'))
  const [control, out] = [await freePort(), await freePort()]
  const server = `[server]\nbind_addr = "127.0.0.1:${control}"\ndefault_token = "bench"\n[server.services.s]\nbind_addr = "127.0.0.1:${out}"\n`
  const client = `[client]\nremote_addr = "127.0.0.1:${control}"\ndefault_token = "bench"\n[client.services.s]\nlocal_addr = "127.0.0.1:${service}"\n`
  await writeFile(join(folder, 'server.toml'), server)
  await writeFile(join(folder, 'client.toml'), client)
  const both = [
    start(rathole, ['--server', join(folder, 'server.toml')]),
    start(rathole, ['--client', join(folder, 'client.toml')]),
  ]
  await listens(out)
  const stop = async () => {
    await Promise.all(both.map((each) => each.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  return { port: out, host: '127.0.0.1', pids: both.map(({ pid }) => pid), stop }
}

/** bore, whose control port can't be chosen. */
export async function viaBore(service: number, bore: string): Promise<Way> {
  const out = await freePort()
  const server = start(bore, ['server', '--min-port', String(out), '--max-port', String(out)])
  await listens(7835)
  const client = start(bore, ['local', String(service), '--to', '127.0.0.1', '--port', String(out)])
  await listens(out)
  const stop = async () => {
    await client.stop()
    await server.stop()
  }
  return { port: out, host: '127.0.0.1', pids: [server.pid, client.pid], stop }
}

/** This program: a server in all its roles, and an agent that is a process of its own. */
export async function viaTunnel(
  service: number,
  { db, url }: { db: Database; url: string },
  isWebSocket: boolean,
): Promise<Way> {
  const { name, token } = await makeTunnel(db)
  const server = await startServer('all', url)
  const args = ['bin/hyperspeed.ts', 'tunnel', '--server', server.base, '--to', String(service), '--json']
  const agent = start(process.execPath, [...args, ...(isWebSocket ? ['--websocket'] : [])], {
    ...process.env,
    HYPERSPEED_TUNNEL_TOKEN: token,
  })
  const host = `${name}.localhost`
  const isOpen = async () => {
    const out = ask({ host: '127.0.0.1', port: server.tunnelPort, headers: { host }, agent: false }).end()
    const [answer] = (await once(out, 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode === 200
  }
  while (!(await isOpen())) await wait(100)
  const stop = async () => {
    await agent.stop()
    await server.stop()
  }
  return { port: server.tunnelPort, host, pids: [server.pid, agent.pid], stop }
}

/** A tunnel that is open to everybody. */
async function makeTunnel(db: Database): Promise<{ name: string; token: string }> {
  const config = { access: 'public', max_streams: 10_000 }
  const [made] = await makeAutomations(db, [await makeWorkspace(db, 1)], 1, config, null, 'reverse_tunnel')
  if (made === undefined) throw new Error('no automation was made')
  const owner = { organizationId: made.organizationId, automationId: made.id }
  const subdomain = `bench-${made.id.slice(-8)}`
  const token = newToken('tun_')
  await db.transaction().execute(async (trx) => {
    await tunnels.insert(trx, owner)
    await tunnelNames.claim(trx, owner, { subdomain, isMade: false })
    await tunnels.setToken(trx, owner, { id: newId(), hash: hashToken(token) })
  })
  return { name: subdomain, token }
}
