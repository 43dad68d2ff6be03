import t from 'tap'
import { testApp } from '../support/app.ts'
import { proxyUnder } from '../support/proxy.ts'

const LINK = /(?:href|src)="([^"]+)"/g

t.test('the console as it was built', async (t) => {
  const { app } = await testApp(t)
  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })
  const page = await get('/console')
  const files = [...page.body.matchAll(LINK)].map(([, link = '']) => link).filter((link) => /\.(js|css)$/.test(link))

  t.test('is one page at each of its addresses, to which the root leads', async (t) => {
    t.equal((await get('/')).headers.location, '/console')
    for (const address of ['/console', '/console/', '/console/an/automation?with=a#query', '/console/%2e%2e%2fetc'])
      t.match(
        await get(address),
        { statusCode: 200, body: page.body, headers: { 'cache-control': 'no-store' } },
        address,
      )
  })

  t.test('takes nothing from elsewhere, runs no text, and is framed by nobody', async (t) => {
    const { 'content-security-policy': policy = '', ...headers } = page.headers
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ])
      t.ok(String(policy).split(';').includes(rule), rule)
    t.notMatch(policy, /unsafe|https?:|\*/)
    t.match(headers, { 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' })
    t.notMatch(page.body, /<script(?![^>]* src=)|<style|style=|\son\w+=/, 'nothing is inline')
  })

  t.test('has files that stay as they are, compressed where a browser takes that', async (t) => {
    t.ok(files.length >= 2)
    for (const file of files) {
      const whole = await get(file)
      t.match(whole, { statusCode: 200, headers: { 'cache-control': /max-age=31536000, immutable/ } }, file)
      for (const encoding of ['br', 'gzip']) {
        const small = await get(file, { 'accept-encoding': encoding })
        t.match(small, { statusCode: 200, headers: { 'content-encoding': encoding, vary: /accept-encoding/i } })
        t.equal(small.headers['content-type'], whole.headers['content-type'])
        t.ok(small.rawPayload.length < whole.rawPayload.length)
      }
    }
    t.equal((await get('/console/assets/of-another-version.js')).statusCode, 404)
    t.equal((await get('/console/assets/../../../package.json')).statusCode, 404)
  })
})

t.test('a proxy may serve the console under a path', async (t) => {
  const proxy = await proxyUnder(t, '/auto')
  const { app } = await testApp(t, { publicUrl: proxy.url })
  proxy.forwardTo(await app.listen({ host: '127.0.0.1', port: 0 }))
  const page = `${proxy.url}/console/some/where`
  const html = await (await fetch(page)).text()
  t.match(html, '<meta name="base-path" content="/auto" />')
  const links = [...html.matchAll(LINK)].map(([, link = '']) => link).filter((link) => link.startsWith('/'))
  t.ok(links.length >= 3)
  for (const link of links) t.equal((await fetch(new URL(link, page))).status, 200, link)
})
