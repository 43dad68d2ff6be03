import t from 'tap'
import { hashToken, newToken } from '../../../src/access/tokens.ts'
import { accessCookie, hasAccess, isToken, withoutCredentials } from '../../../src/tunnels/access.ts'

const TOKEN = newToken('vis_')
const HASH = hashToken(TOKEN)

t.test('visitors show their token in a header or a cookie', async (t) => {
  t.ok(hasAccess(['Tunnel-Access-Token', TOKEN], HASH))
  t.ok(hasAccess(['Cookie', `a=1; __Host-tunnel-access=${TOKEN}; b=2`], HASH))
  t.ok(hasAccess(['cookie', 'a=1', 'COOKIE', `__Host-tunnel-access=${TOKEN}`], HASH))
  t.match(
    accessCookie(TOKEN),
    /^__Host-tunnel-access=vis_\S+; Path=\/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax$/,
  )
  for (const raw of [
    [],
    ['Tunnel-Access-Token', newToken('vis_')],
    ['Tunnel-Access-Token', `${TOKEN} `],
    ['Authorization', `Bearer ${TOKEN}`],
    ['Cookie', `tunnel-access=${TOKEN}`],
    ['Cookie', `x__Host-tunnel-access=${TOKEN}`],
  ])
    t.notOk(hasAccess(raw, HASH), raw.join(': '))
  t.notOk(hasAccess(['Tunnel-Access-Token', ''], undefined), 'nobody comes in before there is one')
  t.notOk(isToken('', undefined))
})

t.test('no credential of this API passes, and every other does', async (t) => {
  const passes = (name: string, value: string) => withoutCredentials(name, value, (token) => token === 'eyJa.eyJb.c')
  t.equal(passes('tunnel-access-token', 'anything'), undefined)
  t.equal(passes('authorization', 'Bearer eyJa.eyJb.c'), undefined)
  t.equal(passes('authorization', 'bearer  eyJa.eyJb.c '), undefined)
  t.equal(passes('authorization', 'Bearer eyJa.eyJb.d'), 'Bearer eyJa.eyJb.d', 'a token of somebody else')
  t.equal(passes('x-auth', 'Bearer eyJa.eyJb.c,x'), undefined, 'wherever it stands')
  t.equal(passes('cookie', 'a=1; t=eyJa.eyJb.c'), 'a=1')
  t.equal(passes('authorization', 'Basic dXNlcjpwYXNz'), 'Basic dXNlcjpwYXNz')
  for (const prefix of ['sa_', 'rt_', 'inv_', 'tun_', 'vis_', 'con_'] as const) {
    const token = newToken(prefix)
    t.equal(passes('authorization', `Bearer ${token}`), undefined, prefix)
    t.equal(passes('x-api-key', token), undefined, prefix)
    t.equal(passes('cookie', `a=1; t=${token}; b=2`), 'a=1; b=2', prefix)
    t.equal(passes('x-api-key', `${token}x`), `${token}x`, 'too long for one')
  }
  t.equal(passes('cookie', `__Host-tunnel-access=${TOKEN}; a=1`), 'a=1')
  t.equal(passes('cookie', `__Host-tunnel-access=${TOKEN}`), undefined, 'nothing is left of it')
  t.equal(passes('cookie', 'a=1; b="x; y"'), 'a=1; b="x; y"')
})
