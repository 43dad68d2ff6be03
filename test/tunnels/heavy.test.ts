import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request as ask, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { testApp } from '../support/app.ts'
import { SECRETS } from '../support/server.ts'
import { startAgentProcess, startTunnelProcess, visitOnce } from '../support/tunnel-processes.ts'
import { startService } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

t.setTimeout(300_000)

const MIB = 1024 * 1024
const SIZE = 1024 * MIB
const CHUNK = randomBytes(MIB)

/** What has a process say what it holds. */
const REPORT = join(import.meta.dirname, '../support/memory-report.ts')
const ROUNDS = 7
type Memory = { server: number; agent: number }

/** Fails where what is held grows from round to round: by a tenth and 1 MiB from the first two to the last three. */
function isSteady(t: Test, rounds: readonly Memory[]): void {
  for (const who of ['server', 'agent'] as const) {
    const all = rounds.map((round) => round[who])
    t.ok(Math.min(...all.slice(-3)) <= Math.max(...all.slice(0, 2)) * 1.1 + 1, `${who}: ${all.join(', ')} MiB`)
  }
}

function* chunks(): Generator<Buffer> {
  for (let i = 0; i < SIZE / MIB; i++) yield CHUNK
}

/** A server and an agent, each a process, and a service that sends and takes much. */
async function prepare(t: Test) {
  const { send, owner, organizationId, spaceId, databaseUrl } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const config = { subdomain: 'demo', access: 'public', max_streams: 5000 }
  const body = { name: 'T', kind: 'reverse_tunnel', status: 'active', config }
  const { id } = (await send(owner, 'POST', base, body)).body.automation
  const { token } = (await send(owner, 'POST', `${base}/${id}/tunnel/token`)).body
  let open = 0
  const service = await startService(t, async (request, response) => {
    open++
    response.on('error', () => {}).once('close', () => open--)
    if (request.method === 'POST') {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const chunk of request) {
        hash.update(chunk)
        bytes += chunk.length
      }
      return void response.end(`${bytes} ${hash.digest('hex')}`)
    }
    if (request.url === '/small') return void response.end('small')
    pipeline(Readable.from(chunks()), response, () => {})
  })
  const reports = await mkdtemp(join(tmpdir(), 'hyperspeed-memory-'))
  t.teardown(() => rm(reports, { recursive: true, force: true }))
  const reporting = { NODE_OPTIONS: `--import ${REPORT}`, MEMORY_REPORTS: reports }
  const server = await startTunnelProcess(t, { ...SECRETS, DATABASE_URL: databaseUrl, ...reporting })
  const { port: to } = service.address() as { port: number }
  const agent = startAgentProcess(t, { server: server.base, token, to }, [], reporting)
  await until(async () => (await visitOnce(server.visitorsPort, 'demo', { path: '/small' })).status === 200)
  /** What the system counts for the two processes, in MiB. */
  const resident = (): Promise<Memory> =>
    ofBoth(async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
  /** What the two processes hold that is not garbage, in MiB. */
  const held = (): Promise<Memory> =>
    ofBoth(async (pid) => {
      const file = join(reports, String(pid))
      await rm(file, { force: true })
      process.kill(pid, 'SIGUSR2')
      return Number(await until(() => readFile(file, 'utf8').catch(() => undefined))) / MIB
    })
  const ofBoth = async (measure: (pid: number) => Promise<number>): Promise<Memory> => {
    const [ofServer, ofAgent] = await Promise.all([server, agent].map(({ child }) => measure(child.pid as number)))
    return { server: Number(ofServer?.toFixed(1)), agent: Number(ofAgent?.toFixed(1)) }
  }
  return { port: server.visitorsPort, agent, resident, held, openAtService: () => open }
}

t.test('much passes both ways, whole, and little of it is ever held', async (t) => {
  const { port, resident } = await prepare(t)
  const expected = createHash('sha256')
  for (let i = 0; i < SIZE / MIB; i++) expected.update(CHUNK)
  const digest = expected.digest('hex')
  const before = await resident()
  const download = ask({ port, host: '127.0.0.1', headers: { host: 'demo' } }).end()
  const [answer] = (await once(download, 'response')) as [IncomingMessage]
  const got = createHash('sha256')
  let bytes = 0
  for await (const chunk of answer) {
    got.update(chunk)
    bytes += chunk.length
  }
  t.equal(bytes, SIZE)
  t.equal(got.digest('hex'), digest)
  const upload = ask({ port, host: '127.0.0.1', method: 'POST', headers: { host: 'demo', 'content-length': SIZE } })
  for (let i = 0; i < SIZE / MIB; i++) if (!upload.write(CHUNK)) await once(upload, 'drain')
  upload.end()
  const [stored] = (await once(upload, 'response')) as [IncomingMessage]
  let said = ''
  for await (const chunk of stored) said += chunk
  t.equal(said, `${SIZE} ${digest}`)
  const after = await resident()
  t.ok(after.server - before.server < 300 && after.agent - before.agent < 300, JSON.stringify({ before, after }))
})

t.test('readers that stand still hold up nobody, and leave nothing behind', async (t) => {
  const { port, agent, held, openAtService } = await prepare(t)
  /** Ask for much, and read none of it. */
  const stall = async (): Promise<Socket[]> => {
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(port, '127.0.0.1').pause()
      socket.on('error', () => {}).write('GET /much HTTP/1.1\r\nHost: demo\r\n\r\n')
      return socket
    })
    await until(async () => openAtService() >= 200)
    await wait(1000)
    return sockets
  }
  const rounds: Memory[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const sockets = await stall()
    for (let i = 0; i < 50; i++) {
      const { status } = await visitOnce(port, 'demo', { path: '/small', timeoutMs: 5000 })
      if (status !== 200) t.equal(status, 200, `request ${i} beside those that stand still`)
    }
    rounds.push(await held())
    for (const socket of sockets) socket.destroy()
    await until(async () => openAtService() === 0, 10_000)
  }
  isSteady(t, rounds)
  const lost = agent.events.filter(({ event }) => event === 'disconnected')
  t.same(lost, [], 'no session was lost')
})

t.test('2,000 downloads that are broken off leave nothing behind', async (t) => {
  const { port, agent, held, openAtService } = await prepare(t)
  const abort = async (): Promise<void> => {
    const request = ask({ port, host: '127.0.0.1', path: '/much', headers: { host: 'demo' }, agent: false }).end()
    request.on('error', () => {})
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    answer.on('error', () => {})
    await once(answer, 'data')
    request.destroy()
  }
  const rounds: Memory[] = []
  for (let round = 0; round < ROUNDS; round++) {
    let left = 2000 / ROUNDS
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        while (left-- > 0) await abort()
      }),
    )
    t.equal((await visitOnce(port, 'demo', { path: '/small', timeoutMs: 5000 })).status, 200)
    await until(async () => openAtService() === 0, 10_000)
    rounds.push(await held())
  }
  isSteady(t, rounds)
  const lost = agent.events.filter(({ event }) => event === 'disconnected')
  t.same(lost, [], 'no session was lost')
})
