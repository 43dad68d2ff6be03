import t from 'tap'
import { emptyApp } from '../../support/app.ts'

const ORIGIN = 'https://app.example.com'

t.test('a page of an allowed origin may use every method, and read what it needs', async (t) => {
  const { app } = await emptyApp(t, { corsOrigin: [ORIGIN] })
  const preflight = (origin: string, method: string) =>
    app.inject({
      method: 'OPTIONS',
      url: '/api/v1/me',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization, content-type, if-match, idempotency-key',
      },
    })
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const { statusCode, headers } = await preflight(ORIGIN, method)
    t.equal(statusCode, 204)
    t.equal(headers['access-control-allow-origin'], ORIGIN)
    t.ok(String(headers['access-control-allow-methods']).split(', ').includes(method), method)
    t.match(headers['access-control-allow-headers'], /authorization.*if-match.*idempotency-key/)
  }
  const refused = await app.inject({ url: '/api/v1/me', headers: { origin: ORIGIN } })
  t.equal(refused.statusCode, 401)
  t.equal(refused.headers['access-control-allow-origin'], ORIGIN, 'errors are for the page to read too')
  t.match(refused.headers['access-control-expose-headers'], /etag.*retry-after.*x-request-id/)

  const other = await preflight('https://evil.example.com', 'GET')
  t.not(other.headers['access-control-allow-origin'], 'https://evil.example.com')
  const plain = await app.inject({ method: 'OPTIONS', url: '/api/v1/me' })
  t.match({ status: plain.statusCode, ...plain.json() }, { status: 405, code: 'method_not_allowed' })
})

t.test('without allowed origins there is no CORS, and every answer is for its reader alone', async (t) => {
  const { app } = await emptyApp(t)
  const { headers } = await app.inject({ url: '/healthz', headers: { origin: ORIGIN } })
  t.notOk('access-control-allow-origin' in headers)
  t.match(headers, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': /^[0-9a-f-]{36}$/,
  })
})
