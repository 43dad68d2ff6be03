import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createClientAddress } from '../../plugins/client-address.ts'
import { NGINX, startNginx } from '../support/nginx.ts'
import { recordResult } from '../support/results.ts'
import { startService, type TunnelApp, tunnelApp } from '../support/tunnels.ts'
import { until } from '../support/until.ts'

/** Debian's; the test asks for no browser of its own. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic']

t.setTimeout(300_000)

/** A page that speaks to its service in every way that a browser has, and writes down what it hears. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>Behind a tunnel</title><h1>Behind a tunnel</h1><ul></ul><script>
  const say = (text) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }))
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
  socket.onopen = () => socket.send('hello')
  socket.onmessage = ({ data }) => say('socket: ' + data)
  const events = new EventSource('/events')
  events.onmessage = ({ data }) => { say('event: ' + data); if (data === '2') events.close() }
  fetch('/echo', { method: 'POST', body: 'x'.repeat(100000) }).then((r) => r.text()).then((text) => say('fetch: ' + text.length))
  say('cookies: ' + document.cookie)
</script>`

/** The service, with ws as it is. */
async function startPage(t: Test) {
  const service = await startService(t, (request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
      setTimeout(() => response.write('data: 2\n\n'), 300)
      return
    }
    if (request.url === '/echo') return void request.pipe(response)
    response.setHeader('set-cookie', ['own=1', 'wide=1; Domain=localhost'])
    response.setHeader('content-type', 'text/html')
    response.end(PAGE)
  })
  const sockets = new WebSocketServer({ server: service })
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(`you said ${data}`))
  })
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
  })
  return { service, sockets }
}

/** Opens a WebSocket through a tunnel, which can be spoken on. @returns when it ended, if it did. */
async function openSocket(t: Test, port: number, name: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, {
    headers: { ...headers, host: `${name}.localhost` },
  })
  const heard: string[] = []
  let closedAt: number | undefined
  socket.on('message', (data) => void heard.push(String(data)))
  socket.on('error', () => {})
  socket.on('close', () => {
    closedAt = performance.now()
  })
  t.teardown(() => socket.terminate())
  await until(async () => socket.readyState === WebSocket.OPEN, 10_000)
  return { socket, heard, closedAt: () => closedAt }
}

t.test('a WebSocket that is silent stays, unless the config says otherwise', async (t) => {
  const { open, connect, server } = await tunnelApp(t)
  const { service } = await startPage(t)
  const patient = await open()
  const strict = await open({ idle_timeout_seconds: 2 })
  await connect(patient.token, service, { sessions: 1 })
  await connect(strict.token, service, { sessions: 1 })
  const stays = await openSocket(t, server.port, patient.name)
  const goes = await openSocket(t, server.port, strict.name)
  const busy = await openSocket(t, server.port, strict.name)
  for (let i = 0; i < 10; i++) {
    busy.socket.send('still here')
    await wait(600)
  }
  t.ok(goes.closedAt(), 'cut after two seconds')
  t.equal(stays.closedAt(), undefined)
  t.equal(busy.closedAt(), undefined, 'what speaks is not idle')
  stays.socket.send('x'.repeat(500_000))
  await until(async () => stays.heard.some((each) => each.length > 500_000))
  t.equal(busy.heard.length, 10)
})

/** Visits the page in Chromium, and reads what it wrote down. */
async function browse(t: Test, url: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM ?? '',
    args: ['--no-sandbox', '--no-first-run', '--disable-gpu', ...QUIET],
  })
  try {
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('favicon')) problems.push(message.text())
    })
    await page.goto(url)
    await page.getByText('event: 2').waitFor({ timeout: 20_000 })
    await page.getByText('socket: you said hello').waitFor()
    await page.getByText('fetch: 100000').waitFor()
    t.match(await page.getByText('cookies:').textContent(), /own=1/)
    t.same(problems, [])
    await recordResult({
      tool: `tunnels in Chromium, ${t.name}`,
      version: browser.version(),
      checks: 'a page, a WebSocket, an EventSource, a POST',
      result: t.passing() ? 'passed' : 'failed',
    })
  } finally {
    await browser.close()
  }
}

const noBrowser = CHROMIUM ? false : 'Chromium is not installed'
t.test('a page in Chromium', { skip: noBrowser }, async (t) => {
  const { service } = await startPage(t)

  await t.test('at the server itself', async (t) => {
    const { open, connect, server } = await tunnelApp(t)
    const { name, token } = await open()
    await connect(token, service)
    await browse(t, `http://${name}.localhost:${server.port}/`)
  })

  await t.test('who comes with the link is let in, and nobody else', async (t) => {
    const { open, connect, server, send, owner, base } = await tunnelApp(t)
    const { id, name, token } = await open({ access: 'token' })
    await connect(token, service)
    const { link } = (await send(owner, 'POST', `${base}/${id}/tunnel/access-token`)).body
    const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', ...QUIET] })
    try {
      const page = await browser.newPage()
      const home = `http://${name}.localhost:${server.port}/`
      const refused = await page.goto(home)
      t.equal(refused?.status(), 401)
      await page.getByText('This tunnel wants its access token.').waitFor()
      const entering = new URL(link)
      entering.port = String(server.port)
      await page.goto(entering.href)
      t.equal(page.url(), home, 'the token is not in the address any more')
      await page.getByText('socket: you said hello').waitFor({ timeout: 20_000 })
      await page.getByText('event: 2').waitFor()
      t.notMatch(await page.getByText('cookies:').textContent(), /tunnel-access/, 'and no script sees it')
    } finally {
      await browser.close()
    }
  })

  await t.test('behind nginx', { skip: NGINX ? false : 'nginx is not installed' }, async (t) => {
    const { name, port } = await behindNginx(t, service)
    await browse(t, `http://${name}.localhost:${port}/`)
  })
})

/** A tunnel with nginx in front of visitors and of agents. */
async function behindNginx(t: Test, service: Parameters<TunnelApp['connect']>[1]) {
  const { open, connect, server, visit } = await tunnelApp(t, { clientOf: createClientAddress(1) })
  const nginx = await startNginx(t, { visitorsPort: server.port, apiPort: Number(server.agents.port) })
  const { name, token } = await open()
  const { events } = await connect(token, service, { server: new URL(`http://127.0.0.1:${nginx.api}`) })
  return { name, port: nginx.visitors, visit, events }
}

t.test('agents and visitors through nginx', { skip: NGINX ? false : 'nginx is not installed' }, async (t) => {
  const { service } = await startPage(t)
  const { name, port, events } = await behindNginx(t, service)
  t.match(events[0], { event: 'connected', transport: 'upgrade' })
  const { socket, heard } = await openSocket(t, port, name)
  socket.send('through nginx')
  await until(async () => heard.includes('you said through nginx'))
})
