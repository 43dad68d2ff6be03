import t from 'tap'
import { testApp } from '../../support/app.ts'
import { proxyUnder } from '../../support/proxy.ts'

t.test('behind a proxy that serves the server under a path, all of it stays there', async (t) => {
  const proxy = await proxyUnder(t, '/auto')
  const { app, send, owner, organizationId, spaceId } = await testApp(t, { publicUrl: proxy.url })
  const direct = await app.listen({ host: '127.0.0.1', port: 0 })
  proxy.forwardTo(direct)
  const get = (path: string) => fetch(`${proxy.url}${path}`, { redirect: 'manual' })

  for (const path of ['', '/']) {
    const root = await get(path)
    t.equal(root.status, 302)
    t.equal(new URL(root.headers.get('location') ?? '', root.url).href, `${proxy.url}/console`)
  }
  t.equal((await get('/docs/static/index.html')).headers.get('location'), '/auto/docs/')
  for (const page of [`${proxy.url}/docs`, `${proxy.url}/docs/`, `${direct}/docs`]) {
    const html = await (await fetch(page)).text()
    const links = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link = '']) => new URL(link, page).href)
    t.ok(links.length >= 8)
    for (const link of links) t.equal((await fetch(link)).status, 200, link)
  }
  t.match(await (await get('/openapi.json')).json(), { servers: [{ url: proxy.url }] })
  const path = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const created = await send(owner, 'POST', path, { name: 'Hook', kind: 'webhook', config: { verification: 'none' } })
  const { url } = created.body.automation.trigger
  t.ok(url.startsWith(`${proxy.url}/api/v1/hooks/`))
  t.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 401, 'the hook is asked, and knows nobody')
})
