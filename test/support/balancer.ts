import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A way in to several servers: each connection goes to the next one that is ready. */
export type Balancer = {
  port: number
  /** Nothing passes any more on the connections that there are, and neither side is told. */
  swallow(): void
  stop(): void
}

/**
 * Passes connections on, as a load balancer does that asks servers whether they are ready.
 *
 * @param targets ports on loopback, asked anew for each connection.
 */
export async function startBalancer(t: Test, targets: () => readonly number[]): Promise<Balancer> {
  let turn = 0
  const pairs = new Set<[Socket, Socket]>()
  const swallowed = new WeakSet<Socket>()
  const server = createServer((near) => {
    near.on('error', () => {})
    const ports = targets()
    turn++
    const attempt = (i: number): void => {
      if (i === ports.length) return void near.destroy()
      const far = connect(ports[(turn + i) % ports.length] ?? 0, '127.0.0.1')
      far.once('error', () => attempt(i + 1))
      far.once('connect', () => {
        far.removeAllListeners('error').on('error', () => {})
        const pair: [Socket, Socket] = [near, far]
        pairs.add(pair)
        for (const [from, to] of [pair, pair.toReversed() as [Socket, Socket]]) {
          from.on('data', (chunk) => {
            if (swallowed.has(near)) return
            if (!to.write(chunk)) {
              from.pause()
              to.once('drain', () => from.resume())
            }
          })
          from.on('close', () => {
            pairs.delete(pair)
            if (!swallowed.has(near)) to.destroy()
          })
        }
      })
    }
    attempt(0)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    server.close()
  }
  t.teardown(stop)
  return {
    port: (server.address() as AddressInfo).port,
    swallow() {
      for (const [near] of pairs) swallowed.add(near)
    },
    stop,
  }
}
