import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { type TestApp, testApp } from '../../support/app.ts'

const LOGIN = 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

/** Sends bytes as they are and reads what comes back until the server closes. */
async function raw(app: TestApp['app'], bytes: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.end(bytes)
  const answer = await text(socket)
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) }
}

t.test('every refusal has the one shape, the framework’s own included', async (t) => {
  const { app, send, owner, organizationId, spaceId } = await testApp(t)
  const spaces = `/api/v1/organizations/${organizationId}/spaces`
  const base = `${spaces}/${spaceId}/automations`

  const shape = (body: Record<string, unknown>) => {
    t.type(body.error, 'string')
    t.match(body.code, /^[a-z_]+$/)
    t.match(body.request_id, /^[0-9a-f-]{36}$/)
  }

  t.test('an unknown path is 404', async (t) => {
    for (const path of ['/nope', '/api/v1/nope', `/${base}`, base.toUpperCase(), `${base};x`]) {
      const { status, body } = await send(owner, 'GET', path)
      t.equal(status, 404, path)
      shape(body)
    }
  })

  t.test('a wrong method is 405 and says which are right', async (t) => {
    const { status, body, headers } = await send(owner, 'PUT', base)
    t.equal(status, 405)
    t.equal(headers.allow, 'GET, HEAD, POST')
    shape(body)
    t.equal((await send(null, 'DELETE', '/healthz')).headers.allow, 'GET, HEAD')
    for (const method of ['HEAD', 'OPTIONS', 'TRACE', 'QUERY'] as const) {
      const { statusCode, headers } = await app.inject({ method: method as 'TRACE', url: '/api/v1/auth/login' })
      t.equal(`${statusCode} ${headers.allow}`, '405 POST', method)
    }
  })

  t.test('a body must be small, uncompressed JSON in UTF-8', async (t) => {
    const post = (body: unknown, headers?: Record<string, string>) => send(owner, 'POST', base, body, headers)
    t.equal((await post('x'.repeat(1024 * 1024 + 1))).status, 413)
    t.equal((await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status, 415)
    t.equal((await post('{}', { 'content-type': 'text/plain' })).status, 415)
    t.equal((await post('{}', { 'content-type': 'application/jsonx' })).status, 415)
    t.equal((await post(gzipSync('{}'), { 'content-encoding': 'gzip' })).status, 415)
    t.equal((await post(Buffer.from('{"name":"\xff"}', 'latin1'))).body.error, 'invalid json')
    t.equal((await post('')).status, 400, 'no body at all')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    t.match(await post('', form), { status: 400, body: { code: 'invalid_request' } }, 'whatever its type')
    t.equal((await send(owner, 'POST', '/nope', 'a=b', form)).status, 404)
    t.equal((await post('['.repeat(100_000))).body.error, 'invalid json')
    const deep = `{"name":"n","kind":"webhook","config":{"a":${'['.repeat(500)}${']'.repeat(500)}}}`
    t.match((await post(deep)).body, { code: 'invalid_request', details: [{ message: /nested deeper/ }] })
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`k${i}`, i])))
    t.match((await post(wide)).body, { details: [{ path: '', message: /more than 1000 keys/ }] })
  })

  t.test('what is wrong with a config is told in the same words, whether it is new or changed', async (t) => {
    const { id } = (await send(owner, 'POST', base, { name: 'n', kind: 'scheduled' })).body.automation
    const cases: [config: object, path: string, message: string][] = [
      [{ overlap: 'x' }, '/config/overlap', 'must be one of skip, buffer_one, allow, cancel_other'],
      [{ action: { type: 'x' } }, '/config/action/type', 'must be one of message, http_request'],
      [{ action: {} }, '/config/action/type', 'is required'],
      [{ action: { type: 'message' } }, '/config/action/channel', 'is required'],
      [{ action: { type: 'message', channel: 'x', volume: 11 } }, '/config/action/volume', 'is not a known key'],
      [{ cron: 7 }, '/config/cron', 'must be string'],
    ]
    for (const [config, path, message] of cases) {
      const created = await send(owner, 'POST', base, { name: 'n', kind: 'scheduled', config })
      const changed = await send(owner, 'PATCH', `${base}/${id}`, { config })
      for (const { status, body } of [created, changed]) {
        t.equal(status, 400)
        t.match(
          body.details?.find((detail: { path: string }) => detail.path === path),
          { message },
          path,
        )
      }
    }
  })

  t.test('where no body is taken, one that says something is refused', async (t) => {
    const organization = `/api/v1/organizations/${organizationId}`
    const account = async () => {
      const { body } = await send(owner, 'POST', `${organization}/service-accounts`, { name: 'AI staff' })
      return `${organization}/service-accounts/${body.service_account.id}`
    }
    const path = await account()
    const calls = [
      ['POST', `${path}/rotate`, 200],
      ['DELETE', path, 204],
    ] as const
    for (const [method, url, status] of calls) {
      for (const body of [{ name: 'x' }, [], [1], 'null', '0', 'false', '""', '"x"', { 'a b': null }]) {
        const refused = await send(owner, method, url, body)
        t.equal(refused.status, 400, JSON.stringify(body))
        t.match(refused.body, { code: 'invalid_request', details: [{ path: '', message: /takes no body/ }] })
      }
      t.equal((await send(owner, method, url, 'not json')).body.code, 'invalid_json')
      t.equal((await send(owner, method, url, 'x', { 'content-type': 'text/plain' })).status, 415)
      t.equal((await send(owner, method, url, 'x'.repeat(1024 * 1024 + 1))).status, 413)
      t.equal((await send(null, method, url, { name: 'x' })).status, 401, 'not before it is known who asks')
      t.equal((await send(owner, method, url, {})).status, status)
    }
    t.equal((await send(owner, 'DELETE', await account())).status, 204)
    t.equal((await send(owner, 'DELETE', await account(), '')).status, 204)
    t.equal((await send(owner, 'POST', '/nope', { name: 'x' })).status, 404)
    t.equal((await send(owner, 'DELETE', base, { name: 'x' })).status, 405)
  })

  t.test('ids are refused by name, in the order of the path', async (t) => {
    const other = '018e1234-abcd-7000-8000-000000000000'
    const cases: [path: string, status: number, error: string][] = [
      ['/api/v1/organizations/x/spaces/y/automations/z', 400, 'invalid organization id'],
      [`/api/v1/organizations/urn:uuid:${other}/spaces/y/automations`, 400, 'invalid organization id'],
      [`/api/v1/organizations/${other}/spaces/y/automations/z`, 403, 'not a member of this organization'],
      [`${spaces}/y/automations/z`, 400, 'invalid space id'],
      [`${spaces}/${other}/automations/z`, 404, 'space not found'],
      [`${base}/z`, 400, 'invalid automation id'],
      [`${base}/`, 400, 'invalid automation id'],
      [`${base}/${other}`, 404, 'automation not found'],
    ]
    for (const [path, status, error] of cases) {
      const answer = await send(owner, 'GET', path)
      t.equal(answer.status, status, path)
      t.equal(answer.body.error, error)
    }
  })

  t.test('the body is read only by those who may write', async (t) => {
    t.equal((await send(null, 'POST', base, 'not json')).status, 401)
    t.equal((await send(owner, 'PATCH', `${base}/z`, 'not json')).body.error, 'invalid automation id')
  })

  t.test('an escape that is none is 400', async (t) => {
    const { status, body } = await send(owner, 'GET', '/api/v1/%zz')
    t.equal(status, 400)
    t.equal(body.error, 'invalid url')
  })

  t.test('what never becomes a request is answered in the same shape', async (t) => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const malformed = await raw(app, 'GET / HTTP/1.1\r\nno colon here\r\n\r\n')
    t.equal(malformed.status, 400)
    shape(malformed.body)
    const dots = await raw(app, `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'.'.repeat(20_000)}\r\n\r\n`)
    t.equal(dots.status, 431)
    shape(dots.body)
  })
})

t.test('who sends too slowly is told so and let go', async (t) => {
  const { app } = await testApp(t)
  const { headersTimeout, requestTimeout } = app.server
  t.ok(headersTimeout < requestTimeout, 'else Node would give the headers the time of the whole')
  app.server.headersTimeout = 100
  app.server.requestTimeout = 200
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }
  for (const part of ['POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n', `${LOGIN}Content-Length: 100\r\n\r\n{`]) {
    const socket = connect(port, '127.0.0.1')
    socket.write(part)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    t.match(head, /^HTTP\/1\.1 408 Request Timeout\r\n/)
    t.match(JSON.parse(body), { code: 'request_timeout' })
  }
})

t.test('a route that says nothing of access stops the boot', async (t) => {
  const { default: Fastify } = await import('fastify')
  const { default: limits } = await import('../../../plugins/core/limits.ts')
  const { default: authentication } = await import('../../../plugins/core/authentication.ts')
  const { default: authorization } = await import('../../../plugins/core/authorization.ts')
  const { createDb } = await import('../../../db/client.ts')
  const { default: ids } = await import('../../../plugins/core/ids.ts')
  const app = Fastify()
  await app.register(ids)
  await app.register(limits)
  await app.register(authentication, { jwtSecret: 'x'.repeat(32), publicUrl: 'http://localhost' })
  await app.register(authorization, { db: createDb('postgres://nowhere.invalid'), rateLimit: undefined })
  app.get('/open', async () => 'anybody')
  await t.rejects(async () => app.ready(), { message: 'GET /open names neither a permission nor public: true' })
})
