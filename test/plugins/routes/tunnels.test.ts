import { sql } from 'kysely'
import t from 'tap'
import { testApp } from '../../support/app.ts'

t.test('tunnels', async (t) => {
  const { send, owner, organizationId, spaceId, db, otherOrganization, serviceAccount } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const create = (config: object, more: object = {}) =>
    send(owner, 'POST', base, { name: 'T', kind: 'reverse_tunnel', config, ...more })
  const hostOf = (automation: { trigger: { url: string } }) => new URL(automation.trigger.url).hostname

  t.test('each has a name, which is nobody else’s', async (t) => {
    const { body } = await create({ subdomain: 'mine' })
    const { automation } = body
    t.equal(automation.trigger.url, 'http://mine.localhost:8081')
    const taken = { status: 409, body: { code: 'subdomain_taken', details: [{ path: '/config/subdomain' }] } }
    t.match(await create({ subdomain: 'mine' }), taken)
    const made = (await create({})).body.automation
    t.match(hostOf(made), /^[a-z2-9]{12}\.localhost$/)
    t.match(await send(owner, 'PATCH', `${base}/${made.id}`, { config: { subdomain: 'mine' } }), taken)
    const renamed = await send(owner, 'PATCH', `${base}/${made.id}`, { config: { subdomain: 'other' } })
    t.equal(hostOf(renamed.body.automation), 'other.localhost')
    const same = await send(owner, 'PATCH', `${base}/${made.id}`, { name: 'N' })
    t.equal(hostOf(same.body.automation), 'other.localhost', 'another change leaves it')
    const anew = await send(owner, 'PATCH', `${base}/${made.id}`, { config: {} })
    t.match(hostOf(anew.body.automation), /^[a-z2-9]{12}\.localhost$/)
    const listed = (await send(owner, 'GET', base)).body.automations
    t.equal(hostOf(listed.find((each: { id: string }) => each.id === automation.id)), 'mine.localhost')
  })

  t.test('a name that was let go is kept from others for a week', async (t) => {
    const other = await otherOrganization()
    const otherBase = `/api/v1/organizations/${other.organizationId}/spaces/${other.spaceId}/automations`
    const want = (subdomain: string) =>
      send(other.owner, 'POST', otherBase, { name: 'T', kind: 'reverse_tunnel', config: { subdomain } })
    const { id } = (await create({ subdomain: 'kept' })).body.automation
    t.match(await want('kept'), { status: 409 })
    t.equal((await send(owner, 'DELETE', `${base}/${id}`)).status, 204)
    t.match(await want('kept'), { status: 409, body: { code: 'subdomain_taken' } })
    const again = await create({ subdomain: 'kept' })
    t.equal(again.status, 201, 'its own organization may have it again')
    await send(owner, 'DELETE', `${base}/${again.body.automation.id}`)
    await sql`update tunnel_names set freed_at = freed_at - interval '7 days' where subdomain = 'kept'`.execute(db)
    t.equal((await want('kept')).status, 201)
    const space = (await send(owner, 'POST', `/api/v1/organizations/${organizationId}/spaces`, { name: 'S' })).body
    const spaceUrl = `/api/v1/organizations/${organizationId}/spaces/${space.id}`
    const body = { name: 'T', kind: 'reverse_tunnel', config: { subdomain: 'with-space' } }
    t.equal((await send(owner, 'POST', `${spaceUrl}/automations`, body)).status, 201)
    t.equal((await send(owner, 'DELETE', spaceUrl)).status, 204)
    t.match(await want('with-space'), { status: 409 }, 'also when its space went')
    t.equal((await create({ subdomain: 'with-space' })).status, 201)
  })

  t.test('the last twenty names that an organization let go are kept, and no more', async (t) => {
    const other = await otherOrganization()
    const otherBase = `/api/v1/organizations/${other.organizationId}/spaces/${other.spaceId}/automations`
    const want = (n: number) =>
      send(other.owner, 'POST', otherBase, { name: 'T', kind: 'reverse_tunnel', config: { subdomain: `held-${n}` } })
    for (let n = 0; n < 21; n++) {
      const { id } = (await create({ subdomain: `held-${n}` })).body.automation
      await send(owner, 'DELETE', `${base}/${id}`)
    }
    await create({ subdomain: 'another' })
    t.equal((await want(0)).status, 201, 'the first of 21')
    t.equal((await want(1)).status, 409)
    t.equal((await want(20)).status, 409)
  })

  t.test('what a config may not say', async (t) => {
    for (const [config, path] of [
      [{ subdomain: 'www' }, '/config/subdomain'],
      [{ subdomain: 'xn--bank' }, '/config/subdomain'],
      [{ subdomain: 'a.b' }, '/config/subdomain'],
      [{ allowed_paths: ['/a/../b'] }, '/config/allowed_paths/0'],
      [{ allowed_paths: ['/ok', '/a%2fb'] }, '/config/allowed_paths/1'],
      [{ allowed_paths: ['/a?b'] }, '/config/allowed_paths/0'],
      [{ allowed_networks: ['10.0.0.0/33'] }, '/config/allowed_networks/0'],
      [{ allowed_networks: ['everybody'] }, '/config/allowed_networks/0'],
      [{ host_header: 'x' }, '/config/host_header'],
      [{ requests_per_minute: 0 }, '/config/requests_per_minute'],
      [{ protocol: 'tcp' }, '/config/protocol'],
    ] as const)
      t.match(await create(config), { status: 400, body: { details: [{ path }] } }, JSON.stringify(config))
  })

  t.test('a reviewer sees where it opens, and to whom', async (t) => {
    const preview = async (config: object) =>
      (await send(owner, 'POST', `${base}/preview`, { kind: 'reverse_tunnel', config })).body.preview
    t.match(await preview({ access: 'public', subdomain: 'open' }), {
      tunnel: { url: 'http://open.localhost:8081', access: 'public', allowed_paths: null, allowed_networks: null },
      warnings: [/^everybody on the Internet can reach every path of the service/],
    })
    t.match(await preview({ access: 'public', allowed_paths: ['/hooks'], allowed_networks: ['10.0.0.0/8'] }), {
      tunnel: { url: null, allowed_paths: ['/hooks'], allowed_networks: ['10.0.0.0/8'] },
      warnings: [/^everybody in the allowed networks can reach the allowed paths/],
    })
    t.same((await preview({})).warnings, [])
    const staff = await serviceAccount(['files.read', 'files.write'])
    const proposed = await send(staff, 'POST', base, {
      name: 'P',
      kind: 'reverse_tunnel',
      config: { access: 'public' },
    })
    const { id, trigger } = proposed.body.automation
    const shown = (await send(owner, 'GET', `${base}/${id}/preview`)).body.preview
    t.equal(shown.tunnel.url, trigger.url, 'the name that was made for it')
    t.equal((await send(owner, 'POST', `${base}/preview`, { kind: 'scheduled' })).body.preview.tunnel, null)
  })

  t.test('tokens are shown once, and are of tunnels', async (t) => {
    const { id } = (await create({})).body.automation
    const made = await send(owner, 'POST', `${base}/${id}/tunnel/token`)
    t.match(made, { status: 200, body: { token: /^tun_[\w-]{43}$/ } })
    const access = await send(owner, 'POST', `${base}/${id}/tunnel/access-token`)
    t.match(access, {
      status: 200,
      body: { token: /^vis_[\w-]{43}$/, link: /\/\.well-known\/tunnel-access\?token=vis_/ },
    })
    const { rows } = await sql`select * from tunnels where automation_id = ${id}`.execute(db)
    for (const { token } of [made.body, access.body]) t.notMatch(JSON.stringify(rows), token)
    const { tunnel } = (await send(owner, 'GET', `${base}/${id}/tunnel`)).body
    t.match(tunnel, { state: 'paused', token_set_at: /^2/, access_token_set_at: /^2/, agents: [], requests: 0 })
    const log = (await send(owner, 'GET', `/api/v1/organizations/${organizationId}/audit-log`)).text
    t.match(log, /automation\.tunnel_token_set[\s\S]*|automation\.tunnel_access_token_set/)
    t.notMatch(log, /tun_[\w-]{43}|vis_[\w-]{43}/)
    const other = (await send(owner, 'POST', base, { name: 'S', kind: 'scheduled' })).body.automation
    for (const path of ['token', 'access-token'])
      t.match(await send(owner, 'POST', `${base}/${other.id}/tunnel/${path}`), {
        status: 409,
        body: { code: 'not_a_tunnel' },
      })
    t.match(await send(owner, 'GET', `${base}/${other.id}/tunnel`), { status: 404, body: { code: 'tunnel_not_found' } })
    const none = '01a2b3c4-0000-7000-8000-000000000000'
    t.match(await send(owner, 'GET', `${base}/${none}/tunnel`), { body: { code: 'automation_not_found' } })
    t.match(await send(owner, 'POST', `${base}/${none}/tunnel/token`), { body: { code: 'automation_not_found' } })
  })

  t.test('what is no agent hears that it needs an upgrade', async (t) => {
    t.match(await send(null, 'GET', '/api/v1/tunnel'), {
      status: 426,
      headers: { upgrade: 'hyperspeed-tunnel' },
      body: { code: 'upgrade_required' },
    })
  })
})
