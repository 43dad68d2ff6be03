import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { createObserver, type Exchange } from '../../agent/observe.ts'
import { until } from '../support/until.ts'

const MIB = 2 ** 20

t.test('what follows an upgrade is not kept, in either direction', async (t) => {
  const seen: Omit<Exchange, 'id'>[] = []
  const observe = createObserver((exchange) => seen.push(exchange))
  const stream = new PassThrough()
  const service = new PassThrough()
  observe(stream, service)
  stream.write('GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await until(async () => seen.length === 1)
  service.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await until(async () => seen[0]?.response?.status === 101)
  let most = 0
  for (let i = 0; i < 256; i++) {
    stream.write(Buffer.alloc(MIB, i))
    service.write(Buffer.alloc(MIB, i))
    await turn()
    most = Math.max(most, process.memoryUsage().arrayBuffers)
  }
  t.ok(most < 256 * MIB, `${Math.round(most / MIB)} MiB at the most, of 512 that passed`)
  t.match(seen, [{ method: 'GET', path: '/socket', response: { status: 101, bytes: 0 } }])
})
