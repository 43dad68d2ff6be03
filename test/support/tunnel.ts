import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcp } from 'node:net'
import type { Test } from 'tap'
import { type AgentSession, serveSession } from '../../agent/session.ts'
import { forward, forwardUpgrade, type Passage, protocolsOf, type Trouble } from '../../src/tunnels/forward.ts'
import { beginSession, StreamRefusedError, type TunnelSession } from '../../src/tunnels/session.ts'
import { TunnelSockets } from '../../src/tunnels/sockets.ts'

const STATUS: Record<Trouble, number> = { no_agent: 502, no_service: 502, no_answer: 504 }

async function listening(server: Server | ReturnType<typeof createTcp>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A service, an agent beside it, and visitors who come in through a tunnel between the two, all in this process. */
export async function startTunnel(t: Test, service: RequestListener, passage: Partial<Passage> = {}) {
  const origin = createServer(service)
  const originPort = await listening(origin)
  const held: TunnelSession[] = []
  let agent: AgentSession | undefined
  const link = createTcp(async (socket) => held.push(await beginSession('s', socket)))
  const linkPort = await listening(link)
  const dial = async () => {
    const socket = connect(linkPort, '127.0.0.1')
    await once(socket, 'connect')
    agent = serveSession(socket, { target: { host: '127.0.0.1', port: originPort } })
    while (!held.some((session) => session.isOpen())) await new Promise((resolve) => setTimeout(resolve, 5))
    return agent
  }
  await dial()
  const sockets = new TunnelSockets(async () => {
    const session = held.find((each) => each.isOpen())
    if (session === undefined) throw new StreamRefusedError('nobody is there')
    return { stream: await session.open(), session }
  })
  const troubles: Trouble[] = []
  const passageOf = ({ headers }: IncomingMessage): Passage => ({
    place: { tunnelId: 't', agentId: 'a' },
    meter: { requests: 0, bytesIn: 0, bytesOut: 0 },
    host: 'demo.tunnels.example',
    answerWithinMs: 5000,
    idleMs: undefined,
    ...passage,
    rules: {
      forwarded: { for: '203.0.113.7', proto: 'https', host: headers.host ?? '' },
      host: undefined,
      passes: (_name, value) => value,
      trustsForwarded: false,
      ...passage.rules,
    },
  })
  const visitors = createServer((request, response) => answer(request, response))
  const answer: RequestListener = async (request, response) => {
    const outcome = await forward(sockets, request, response, passageOf(request))
    if (typeof outcome !== 'string') return
    troubles.push(outcome)
    if (!response.headersSent) response.writeHead(STATUS[outcome]).end(outcome)
  }
  visitors.on('checkContinue', answer)
  visitors.on('upgrade', (request, socket, head) => {
    if (protocolsOf(request).length === 0) return void socket.destroy()
    forwardUpgrade(sockets, request, socket, head, passageOf(request), {
      onTrouble(trouble) {
        troubles.push(trouble)
        socket.end(`HTTP/1.1 ${STATUS[trouble]} Trouble\r\nContent-Length: 0\r\n\r\n`)
      },
      onAnswer() {},
    })
  })
  const port = await listening(visitors)
  t.teardown(async () => {
    for (const session of held) session.cut()
    sockets.destroy()
    for (const server of [origin, visitors]) server.closeAllConnections()
    for (const server of [origin, visitors, link]) server.close()
  })
  const current = () => agent as AgentSession
  return { port, base: `http://127.0.0.1:${port}`, origin, held, sockets, troubles, agent: current, dial }
}
