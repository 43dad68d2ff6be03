import { request } from 'node:http'
import t from 'tap'
import { type Caller, testApp } from '../support/app.ts'

t.test('a path has one spelling, and every other leads nowhere or through the same door', async (t) => {
  const { app, send, owner, organizationId, spaceId, person } = await testApp(t)
  const organization = `/api/v1/organizations/${organizationId}`
  const base = `${organization}/spaces/${spaceId}/automations`
  const outsider = await person([])
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as { port: number }
  /** Asks for the path as it is written: whoever injects a request, or fetches, tidies it up first. */
  const statusOf = (caller: Caller | null, path: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = caller === null ? {} : { authorization: `Bearer ${caller.token}` }
      request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })
  t.equal((await send(owner, 'GET', base)).status, 200)
  t.equal((await send(outsider, 'GET', base)).status, 403)

  t.test('slashes, dots, parameters, case and escapes that make another path', async (t) => {
    const spellings = [
      `/${base}`,
      `//example.com${base}`,
      base.replace('/spaces', '//spaces'),
      base.replace('/spaces', '/./spaces'),
      base.replace('/spaces', '/x/../spaces'),
      base.replace('/spaces', '/x/%2e%2e/spaces'),
      base.replace('/spaces', '%2fspaces'),
      base.replace('/spaces', '%5cspaces'),
      base.replace('/spaces', '\\spaces'),
      base.replace('/spaces', ';x=1/spaces'),
      base.replace('/spaces', '%00/spaces'),
      base.replace('spaces', 'Spaces'),
      base.replace('/api', '/API'),
      `${base};jsessionid=1`,
      `${base}%2f`,
      `${base}%20`,
      `${base}%00`,
      `${base}.json`,
      `${base}..`,
      `${base}/..`,
      `${organization}/${spaceId}/automations`,
    ]
    for (const path of spellings)
      for (const caller of [owner, outsider, null]) {
        const status = await statusOf(caller, path)
        t.ok([400, 401, 403, 404].includes(status), `${status} ${path}`)
      }
  })

  t.test('escapes that make the same path ask for the same rights', async (t) => {
    const escaped = base.replace('automations', '%61utomations').replace('spaces', 's%70aces')
    t.equal(await statusOf(owner, escaped), 200)
    t.equal(await statusOf(outsider, escaped), 403)
    t.equal(await statusOf(null, escaped), 401)
  })

  t.test('an id in another spelling is the same id, or none', async (t) => {
    const shouted = base.replace(organizationId, organizationId.toUpperCase()).replace(spaceId, spaceId.toUpperCase())
    const { status, body } = await send(owner, 'POST', shouted, { name: 'n', kind: 'webhook' })
    t.equal(status, 201)
    t.match(body.automation, { organization_id: organizationId, space_id: spaceId })
    t.equal((await send(outsider, 'GET', shouted)).status, 403)
    for (const id of [
      `{${spaceId}}`,
      `urn:uuid:${spaceId}`,
      spaceId.replaceAll('-', ''),
      `${spaceId}%20`,
      `%20${spaceId}`,
      `${spaceId}%00`,
      `${spaceId}'`,
      `${spaceId},${spaceId}`,
      `${spaceId}%0a`,
      '..',
      '%2e%2e',
      '-',
      '0',
      'null',
      '*',
      'a'.repeat(300),
    ])
      for (const caller of [owner, outsider]) {
        const status = await statusOf(caller, base.replace(spaceId, id))
        t.ok([400, 403, 404].includes(status), `${status} ${id}`)
      }
  })

  t.test('a query says nothing about where it goes or who asks', async (t) => {
    for (const query of [
      '_method=DELETE',
      'orgId=x',
      'spaceId=x',
      'limit[]=1',
      '__proto__[x]=1',
      'status=active&status=draft',
    ])
      t.equal((await send(owner, 'GET', `${base}?${query}`)).status, 400, query)
    const headers = {
      'x-http-method-override': 'DELETE',
      'x-original-url': '/healthz',
      'x-forwarded-prefix': '/healthz',
    }
    t.equal((await send(outsider, 'GET', base, undefined, headers)).status, 403)
  })

  t.test('the files of the documentation are all that is served from the disk', async (t) => {
    for (const path of [
      '/docs/static/../package.json',
      '/docs/static/..%2f..%2fpackage.json',
      '/docs/static/%2e%2e/%2e%2e/package.json',
      '/docs/static/....//package.json',
      '/docs/static//etc/passwd',
      '/docs/static/%00',
      '/docs/static/index.html%00.js',
      '/.data/secrets.env',
      '/package.json',
    ])
      t.ok([400, 403, 404].includes(await statusOf(null, path)), path)
  })
})
