import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { promisify } from 'node:util'
import t from 'tap'
import { startAgent } from '../../agent/agent.ts'
import { startBalancer } from '../support/balancer.ts'
import { listening } from '../support/listening.ts'
import { packAgent, startAgentProcess, visitOnce } from '../support/tunnel-processes.ts'
import { startService, tunnelApp } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

t.setTimeout(300_000)

t.test('the packed agent, in an empty folder and as a process of its own', async (t) => {
  const { open, server, tunnel, startServer } = await tunnelApp(t)
  const { id, name, token } = await open()
  const packed = await packAgent(t)
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-empty-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'hyperspeed.js')
  await copyFile(packed, file)
  const service = await startService(t, (_, response) => response.end('served'))
  const { port: to } = service.address() as { port: number }
  let targets = [Number(server.agents.port)]
  const relay = await startBalancer(t, () => targets)
  const start = (args: string[] = []) =>
    startAgentProcess(t, { file, server: `http://127.0.0.1:${relay.port}`, token, to }, args)
  const isServed = async () => (await visitOnce(server.port, name)).status === 200

  await t.test('is killed, and another takes its place', async (t) => {
    const first = start()
    await until(isServed)
    first.child.kill('SIGKILL')
    await first.exited
    await until(async () => (await visitOnce(server.port, name)).status === 502)
    const second = start()
    await until(isServed)
    second.child.kill('SIGTERM')
    t.equal(await second.exited, 0)
  })

  await t.test('is told to stop while something is under way', async (t) => {
    let finish = () => {}
    const slow = createServer((_, response) => {
      response.write('begun ')
      finish = () => response.end('and done')
    })
    const agent = startAgentProcess(t, { file, server: server.agents.origin, token, to: await listening(t, slow) })
    await until(async () => (await tunnel(id)).agents[0]?.sessions === 4)
    const visit = visitOnce(server.port, name)
    await wait(300)
    agent.child.kill('SIGTERM')
    await wait(300)
    finish()
    t.equal((await visit).body, 'begun and done')
    t.equal(await agent.exited, 0)
  })

  await t.test('stands still for a while, and is given up and comes back', async (t) => {
    const agent = start()
    await until(async () => agent.sessions() === 4)
    agent.child.kill('SIGSTOP')
    await until(async () => (await tunnel(id)).state === 'disconnected', 30_000)
    agent.child.kill('SIGCONT')
    await until(isServed, 30_000)
    await until(async () => agent.sessions() === 4, 30_000)
    agent.child.kill('SIGTERM')
    await agent.exited
    t.pass()
  })

  await t.test('is cut off without a word, and dials again', async (t) => {
    const agent = start()
    await until(async () => agent.sessions() === 4)
    relay.swallow()
    const began = performance.now()
    await until(async () => agent.events.some(({ event }) => event === 'disconnected'), 30_000)
    const ms = performance.now() - began
    t.ok(ms > 10_000 && ms < 25_000, `noticed after ${Math.round(ms / 1000)} s`)
    await until(isServed, 30_000)
    agent.child.kill('SIGTERM')
    await agent.exited
  })

  await t.test('outlives its server', async (t) => {
    const agent = start()
    await until(async () => agent.sessions() === 4)
    await server.stop()
    await until(async () => agent.sessions() === 0)
    const next = await startServer()
    targets = [Number(next.agents.port)]
    await until(async () => (await visitOnce(next.port, name)).status === 200, 30_000)
    await until(async () => agent.sessions() === 4, 30_000)
    agent.child.kill('SIGTERM')
    t.equal(await agent.exited, 0)
  })

  await t.test('ends where its token is refused, and where it was not started right', async (t) => {
    const refused = startAgentProcess(t, {
      file,
      server: `http://127.0.0.1:${relay.port}`,
      token: `tun_${'x'.repeat(43)}`,
      to,
    })
    t.equal(await refused.exited, 1)
    t.match(
      refused.stderr(),
      /^hyperspeed: the server answered 401: no tunnel has this token: a person makes another one\n$/,
    )
    const run = (args: string[]) =>
      promisify(execFile)(process.execPath, [file, ...args], { cwd: folder }).then(
        ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
        (error) => error as { code: number; stdout: string; stderr: string },
      )
    t.match(await run([]), { code: 0, stdout: /^Usage: hyperspeed tunnel/ })
    t.match(await run(['--version']), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
    t.match(await run(['tunnel', '--help']), { code: 0, stdout: /--inspect/ })
    t.match(await run(['tunnel']), { code: 2, stderr: /^hyperspeed: --server, --token .* missing/ })
    t.match(await run(['serve']), { code: 2 })
  })
})

t.test('an agent reaches a server through a proxy that speaks TLS', async (t) => {
  const { open, server, tunnel } = await tunnelApp(t)
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-tls-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [key = '', cert = ''] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    ...names,
    '-keyout',
    key,
    '-out',
    cert,
  ])
  const behind = Number(server.agents.port)
  const proxy = createTlsServer({ key: await readFile(key), cert: await readFile(cert) }, (near) => {
    const far = createConnection(behind, '127.0.0.1')
    pipeline(near, far, near, () => {})
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => proxy.close())
  const { port } = proxy.address() as { port: number }
  const large = Buffer.alloc(8 * 2 ** 20, 'x')
  const service = await startService(t, async (request, response) => {
    response.end(request.method === 'POST' ? await text(request) : large)
  })
  const { port: to } = service.address() as { port: number }

  for (const [transport, args] of Object.entries({ upgrade: [], websocket: ['--websocket'] }))
    await t.test(transport, async (t) => {
      const { id, name, token } = await open()
      const agent = startAgentProcess(t, { server: `https://localhost:${port}`, token, to }, args, {
        NODE_EXTRA_CA_CERTS: cert,
      })
      await until(async () => (await tunnel(id)).agents[0]?.sessions === 4, 20_000)
      t.match(
        agent.events.find(({ event }) => event === 'connected'),
        { transport },
      )
      const visits = Array.from({ length: 8 }, () => visitOnce(server.port, name))
      for (const { status, body } of await Promise.all(visits)) t.ok(status === 200 && large.equals(Buffer.from(body)))
      const sent = 'y'.repeat(2 ** 20)
      t.ok((await visitOnce(server.port, name, { body: sent })).body === sent)
      agent.child.kill('SIGTERM')
      t.equal(await agent.exited, 0)
    })

  await t.test('and not one whose certificate it does not trust', async (t) => {
    const { token } = await open()
    const agent = startAgentProcess(t, { server: `https://localhost:${port}`, token, to })
    const found = () => agent.events.find(({ event }) => event === 'disconnected')
    await until(async () => found() !== undefined, 20_000)
    t.match(found(), { sessions: 0, reason: /self-signed certificate/ })
  })
})

t.test('200 agents are back after their server was restarted, and do not come at once', async (t) => {
  const { open, server, startServer } = await tunnelApp(t)
  const { token } = await open()
  let targets = [Number(server.agents.port)]
  const dials: number[] = []
  const relay = await startBalancer(t, () => {
    dials.push(performance.now())
    return targets
  })
  const url = new URL(`http://127.0.0.1:${relay.port}`)
  const connected = new Set<number>()
  const agents = Array.from({ length: 200 }, (_, i) =>
    startAgent({
      server: url,
      token,
      target: { host: '127.0.0.1', port: 1 },
      sessions: 1,
      onEvent: ({ event }) => {
        if (event === 'ready') connected.add(i)
        if (event === 'disconnected') connected.delete(i)
      },
    }),
  )
  t.teardown(() => Promise.all(agents.map((agent) => agent.stop(0))))
  await until(async () => connected.size === 200, 60_000)
  await wait(11_000) // from then on it was no failure that it ended
  targets = []
  dials.length = 0
  await server.stop()
  await until(async () => connected.size === 0)
  await wait(5000)
  targets = [Number((await startServer()).agents.port)]
  const opened = performance.now()
  await until(async () => connected.size === 200, 60_000)
  const after = dials.filter((at) => at >= opened)
  const windows = new Map<number, number>()
  for (const at of after) {
    const window = Math.floor((at - opened) / 250)
    windows.set(window, (windows.get(window) ?? 0) + 1)
  }
  const most = Math.max(...windows.values())
  t.ok(most < 60, `at most ${most} of ${after.length} dialled within a quarter of a second`)
  t.ok(after.length < 300, 'and hardly any twice')
})
