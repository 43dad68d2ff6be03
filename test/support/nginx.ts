import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePort } from '../../db/free-port.ts'
import { until } from './until.ts'

/** Debian's. */
export const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find(existsSync)

/**
 * Starts nginx with the servers of docs/tunnels.md, on plain HTTP and ports of its own.
 *
 * @returns the ports at which it takes visitors and agents.
 */
export async function startNginx(
  t: Test,
  { visitorsPort, apiPort }: { visitorsPort: number; apiPort: number },
): Promise<{ visitors: number; api: number; stop(): Promise<void> }> {
  const page = await readFile(join(import.meta.dirname, '../../docs/tunnels.md'), 'utf8')
  const [, written = ''] = /^```nginx\n(.*?)^```$/ms.exec(page) ?? []
  const [visitors, api] = [await freePort(), await freePort()]
  const plain = written
    .replaceAll(/^\s+(?:ssl_certificate|ssl_certificate_key|http2) .*\n/gm, '')
    .replace('listen 443 ssl;', 'listen VISITORS;')
    .replace('listen 443 ssl;', 'listen API;')
  // Before the free ports are in it, which may have these digits.
  t.notMatch(plain, /443|ssl/)
  const servers = plain
    .replace('listen VISITORS;', `listen 127.0.0.1:${visitors};`)
    .replace('listen API;', `listen 127.0.0.1:${api};`)
    .replace('server_name *.tunnels.example.net;', 'server_name *.localhost;')
    .replace('127.0.0.1:8081', `127.0.0.1:${visitorsPort}`)
    .replace('127.0.0.1:8080', `127.0.0.1:${apiPort}`)
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-nginx-'))
  const file = join(folder, 'nginx.conf')
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `${each}_temp_path ${folder}/${each};`,
  )
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  await writeFile(
    file,
    `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 4096; }
     http { access_log off; ${paths.join(' ')} ${servers} }`,
  )
  const child = spawn(NGINX ?? '', ['-p', folder, '-e', join(folder, 'error.log'), '-c', file], { stdio: 'inherit' })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  t.teardown(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })
  await until(async () => (await fetch(`http://127.0.0.1:${api}/`).catch(() => undefined)) !== undefined, 10_000)
  return { visitors, api, stop }
}
