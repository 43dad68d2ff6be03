import { once } from 'node:events'
import { request as ask, type IncomingMessage } from 'node:http'
import autocannon from 'autocannon'
import { cpuSecondsOf } from '../support/cpu.ts'
import { withDatabase } from '../support/database.ts'
import { startProgram } from '../support/programs.ts'
import { figure, medianBy, NONE, progress, table } from '../support/report.ts'
import type { Effort, Suite } from '../support/suite.ts'
import { findProgram, viaBore, viaRathole, viaSsh, viaTunnel, type Way } from './subjects.ts'

const CONNECTIONS = [1, 32, 256]
const WARM_UP_SECONDS = 2
/** Until V8 has compiled all of what a request goes through: in the first ten seconds each costs up to twice the time. */
const FIRST_WARM_UP_SECONDS = 10
const MIB = 1024 * 1024

const DIRECT = 'direct'
const SSH = 'ssh -R'
const OWN = 'tunnel'
const OWN_WEBSOCKET = 'tunnel over WebSocket'
const RATHOLE = 'rathole'
const BORE = 'bore'

type Rate = { perSecond: number; p50: number; p99: number; cpuMicroseconds: number }
type Figures = { rates: Map<number, Rate[]>; downOne: number[]; downEight: number[]; up: number[] }

/** Requests and bytes through a tunnel, beside other tunnels to the same service. */
export const tunnel: Suite = {
  about: 'requests and bytes through a tunnel, beside ssh -R, and rathole and bore where they are installed',
  run: (effort) =>
    withDatabase(async (database) => {
      const service = await startProgram<{ port: number }>('tunnel/service.ts', {})
      const { port } = service.ready
      const ways = new Map<string, Way>([[DIRECT, { port, host: '127.0.0.1', pids: [], stop: async () => {} }]])
      const [sshd, rathole, bore] = ['sshd', 'rathole', 'bore'].map(findProgram)
      try {
        if (sshd !== undefined) ways.set(SSH, await viaSsh(port, sshd))
        if (rathole !== undefined) ways.set(RATHOLE, await viaRathole(port, rathole))
        if (bore !== undefined) ways.set(BORE, await viaBore(port, bore))
        ways.set(OWN, await viaTunnel(port, database, false))
        ways.set(OWN_WEBSOCKET, await viaTunnel(port, database, true))
        return report(await measure(effort, ways), effort)
      } finally {
        for (const way of ways.values()) await way.stop()
        await service.stop()
      }
    }),
}

/** Each figure of all of them in turn, several rounds over, so that a machine that slows down slows all of them. */
async function measure({ rounds, seconds, quick }: Effort, ways: ReadonlyMap<string, Way>) {
  const figures = new Map<string, Figures>(
    [...ways.keys()].map((name) => [name, { rates: new Map(), downOne: [], downEight: [], up: [] }]),
  )
  const [down, up] = quick ? [16, 4] : [1024, 256]
  for (const way of ways.values())
    await load(way, Math.max(...CONNECTIONS), Math.min(FIRST_WARM_UP_SECONDS, 2 * seconds))
  for (let round = 1; round <= rounds; round++) {
    for (const connections of CONNECTIONS)
      for (const [name, way] of ways) {
        const rate = await load(way, connections, seconds)
        const { rates } = figures.get(name) as Figures
        rates.set(connections, [...(rates.get(connections) ?? []), rate])
        progress(`tunnel: round ${round} of ${rounds}: ${name}, ${connections}: ${figure(rate.perSecond)}/s`)
      }
    for (const [name, way] of ways) {
      const own = figures.get(name) as Figures
      own.downOne.push(await download(way, 1, down * MIB))
      own.downEight.push(await download(way, 8, down * MIB))
      own.up.push(await upload(way, up * MIB))
      const shown = [own.downOne, own.downEight, own.up].map((all) => figure(all.at(-1) ?? 0))
      progress(`tunnel: round ${round} of ${rounds}: ${name}: ${shown.join(', ')} MiB/s down, on eight, up`)
    }
  }
  return figures
}

async function load({ port, host, pids }: Way, connections: number, seconds: number): Promise<Rate> {
  const settings = { url: `http://127.0.0.1:${port}`, connections, headers: { host } }
  await autocannon({ ...settings, duration: Math.min(WARM_UP_SECONDS, seconds) })
  const before = await cpuOf(pids)
  const { non2xx, errors, requests, latency } = await autocannon({ ...settings, duration: seconds })
  const spent = (await cpuOf(pids)) - before
  if (non2xx + errors > 0) throw new Error(`${non2xx + errors} of ${requests.total} requests by way of ${host} failed`)
  const cpuMicroseconds = (spent / requests.total) * 1e6
  return { perSecond: requests.average, p50: latency.p50, p99: latency.p99, cpuMicroseconds }
}

async function cpuOf(pids: readonly number[]): Promise<number> {
  const all = await Promise.all(pids.map((pid) => cpuSecondsOf(pid)))
  return all.reduce<number>((sum, each) => sum + (each ?? Number.NaN), 0)
}

/** @returns MiB a second, of all bytes together. */
async function download({ port, host }: Way, atOnce: number, bytes: number): Promise<number> {
  const began = performance.now()
  const one = async () => {
    const path = `/bytes/${bytes / atOnce}`
    const out = ask({ host: '127.0.0.1', port, path, headers: { host }, agent: false }).end()
    const [answer] = (await once(out, 'response')) as [IncomingMessage]
    let got = 0
    answer.on('data', (chunk: Buffer) => {
      got += chunk.length
    })
    await once(answer, 'end')
    if (got !== bytes / atOnce) throw new Error(`${got} bytes came by way of ${host}`)
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return bytes / MIB / ((performance.now() - began) / 1000)
}

async function upload({ port, host }: Way, bytes: number): Promise<number> {
  const chunk = Buffer.alloc(256 * 1024, 'x')
  const began = performance.now()
  const headers = { host, 'content-length': bytes }
  const out = ask({ host: '127.0.0.1', port, method: 'POST', headers, agent: false })
  for (let sent = 0; sent < bytes; sent += chunk.length) if (!out.write(chunk)) await once(out, 'drain')
  out.end()
  const [answer] = (await once(out, 'response')) as [IncomingMessage]
  answer.resume()
  await once(answer, 'end')
  return bytes / MIB / ((performance.now() - began) / 1000)
}

function report(figures: ReadonlyMap<string, Figures>, { rounds, seconds }: Effort): string {
  const rateOf = (name: string, connections: number) => {
    const all = figures.get(name)?.rates.get(connections)
    return all && medianBy(all, ({ perSecond }) => perSecond)
  }
  const bytesOf = (name: string, which: 'downOne' | 'downEight' | 'up') => {
    const all = figures.get(name)?.[which]
    return all && medianBy(all, (each) => each)
  }
  const requests = CONNECTIONS.flatMap((connections) =>
    [...figures.keys()].map((name) => {
      const { perSecond = 0, p50 = 0, p99 = 0, cpuMicroseconds = 0 } = rateOf(name, connections) ?? {}
      const cpu = name === DIRECT || Number.isNaN(cpuMicroseconds) ? NONE : figure(cpuMicroseconds)
      return [`${name}, ${connections}`, figure(perSecond), p50, p99, cpu]
    }),
  )
  const transfers = [...figures.keys()].map((name) => [
    name,
    ...(['downOne', 'downEight', 'up'] as const).map((which) => figure(bytesOf(name, which) ?? 0)),
  ])
  const ratio = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? NONE : figure(a / b)
  const others = [SSH, RATHOLE, BORE].filter((name) => figures.has(name))
  const ratios = others.flatMap((other) =>
    [OWN, OWN_WEBSOCKET].map((own) => [
      `${own} / ${other}`,
      ...CONNECTIONS.flatMap((connections) => [
        ratio(rateOf(own, connections)?.perSecond, rateOf(other, connections)?.perSecond),
        ratio(rateOf(own, connections)?.p99, rateOf(other, connections)?.p99),
      ]),
      ...(['downOne', 'downEight', 'up'] as const).map((which) => ratio(bytesOf(own, which), bytesOf(other, which))),
    ]),
  )
  const head = CONNECTIONS.flatMap((connections) => [`requests, ${connections}`, `p99, ${connections}`])
  return [
    `Medians of ${rounds} rounds of ${seconds} s; answers of 1 kB. CPU is that of both ends of the tunnel together.`,
    table(['way, connections', 'per second', 'p50 ms', 'p99 ms', 'CPU µs each'], requests),
    table(['way', 'down, one, MiB/s', 'down, eight', 'up, one'], transfers),
    table(['ratio', ...head, 'down, one', 'down, eight', 'up, one'], ratios),
  ].join('\n\n')
}
