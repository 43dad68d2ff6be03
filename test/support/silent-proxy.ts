import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** Passes bytes on to a Postgres, until it goes silent. */
export type SilentProxy = {
  /** The URL of the Postgres by way of the proxy. */
  url: string
  /** Of the connections that there are, no byte passes any more, and neither side is told. New ones work. */
  goSilent(): void
  /** How many of those that went silent the program still holds open. */
  held(): number
}

/** A way to a Postgres that may go silent, as a primary does whose machine is gone while another takes over. */
export async function startSilentProxy(t: Test, databaseUrl: string): Promise<SilentProxy> {
  const target = new URL(databaseUrl)
  const pairs = new Map<Socket, Socket>()
  const silent = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(Number(target.port), target.hostname)
    pairs.set(near, far)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => {
        if (!silent.has(near)) to.write(chunk)
      })
      from.on('error', () => {}) // it is cut, which the other side hears of by the end
      from.on('close', () => {
        silent.delete(near)
        pairs.delete(near)
        to.destroy()
      })
      from.on('end', () => {
        // The program has let go of it, or the server hangs up, which nobody hears of who is cut off.
        if (from === near || !silent.has(near)) to.end()
        if (from === near && silent.has(near)) near.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
    server.close()
  })
  const url = new URL(databaseUrl)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    goSilent() {
      for (const near of pairs.keys()) silent.add(near)
    },
    held: () => silent.size,
  }
}
