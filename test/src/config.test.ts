import { randomBytes } from 'node:crypto'
import t from 'tap'
import { ConfigError, readConfig } from '../../src/config.ts'

const KEY = randomBytes(32).toString('base64')
const URL = 'postgres://user:canary@db.example.com/hyperspeed'
const SECRETS = { JWT_SECRET: 'x'.repeat(32), HS_ENCRYPTION_KEY: KEY }

t.test('what can’t be used is one line that names the variable and tells no secret', async (t) => {
  const cases: [env: Record<string, string>, message: RegExp][] = [
    [{ PORT: 'http' }, /^PORT: takes a whole number from 0 to 65535, not "http"$/],
    [{ PORT: '65536' }, /^PORT: /],
    [{ PORT: '80.5' }, /^PORT: /],
    [{ DATABASE_URL: 'mysql://u:canary@h/d', ...SECRETS }, /^DATABASE_URL: takes a URL like postgres:/],
    [{ DATABASE_URL: URL }, /^DATABASE_URL is set, so JWT_SECRET /],
    [{ DATABASE_URL: URL, JWT_SECRET: SECRETS.JWT_SECRET }, /^DATABASE_URL is set, so /],
    [{ JWT_SECRET: 'canary' }, /^JWT_SECRET: takes at least 32 characters$/],
    [{ HS_ENCRYPTION_KEY: 'canary' }, /^HS_ENCRYPTION_KEY: takes 32 bytes/],
    [{ HS_ENCRYPTION_KEY: `k1:${KEY},k1:${KEY}` }, /^HS_ENCRYPTION_KEY: /],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL: takes one of trace/],
    [{ ROLE: 'king' }, /^ROLE: takes one of all, api, worker/],
    [{ DEMO: 'no' }, /^DEMO: /],
    [{ RATE_LIMIT: '0' }, /^RATE_LIMIT: /],
    [{ TRUST_PROXY: 'everybody' }, /^TRUST_PROXY: takes the number of proxies in front, or their addresses/],
    [{ TRUST_PROXY: '10.0.0.0/99' }, /^TRUST_PROXY: .*, not "10.0.0.0\/99"$/],
    [{ TRUST_PROXY: '10.0.0.0/0' }, /^TRUST_PROXY: /],
    [{ TRUST_PROXY: '10.0.0.1, 10.300.0.1' }, /^TRUST_PROXY: .*, not "10.300.0.1"$/],
    [{ TRUST_PROXY: 'fd00::/129' }, /^TRUST_PROXY: /],
    [{ TRUST_PROXY: '10.0.0.1,' }, /^TRUST_PROXY: /],
    [{ TRUST_PROXY: '1.5' }, /^TRUST_PROXY: /],
    [{ TRUST_PROXY: '33' }, /^TRUST_PROXY: takes a whole number from 0 to 32, not "33"$/],
    [{ PUBLIC_URL: 'automations.example.com' }, /^PUBLIC_URL: /],
    [{ PUBLIC_URL: 'https://automations.example.com/?a=1' }, /^PUBLIC_URL: /],
    [{ EGRESS_ALLOW: 'localhost' }, /^EGRESS_ALLOW: /],
    [{ CORS_ORIGIN: 'app.example.com' }, /^CORS_ORIGIN: takes origins like https:.*, not "app\.example\.com"$/],
    [
      { CORS_ORIGIN: 'https://a.example, https://b.example/path' },
      /^CORS_ORIGIN: .*, not "https:\/\/b\.example\/path"$/,
    ],
    [{ CORS_ORIGIN: 'https://a.example?x' }, /^CORS_ORIGIN: /],
    [{ CORS_ORIGIN: '*' }, /^CORS_ORIGIN: /],
    [{ CORS_ORIGIN: 'ftp://a.example' }, /^CORS_ORIGIN: /],
    [{ DATA_DIR: 'a\nb' }, /^DATA_DIR: /],
  ]
  for (const [env, message] of cases) {
    const error = t.throws(() => readConfig(env), ConfigError)
    t.match(error, { message }, JSON.stringify(env))
    t.notMatch(error, { message: /canary|\n/ })
  }
})

t.test('nothing has to be set, and what is set is read', async (t) => {
  const defaults = readConfig({ PORT: ' ', DATABASE_URL: '' })
  t.match(defaults, { host: '127.0.0.1', port: 8080, publicUrl: 'http://127.0.0.1:8080', dataDir: '.data', demo: true })
  t.equal(defaults.databaseUrl, undefined)
  t.ok(Object.isFrozen(defaults))
  t.equal(readConfig({ HOST: '::1', PORT: '1' }).publicUrl, 'http://[::1]:1')
  t.equal(readConfig({ PUBLIC_URL: 'https://automations.example.com/' }).publicUrl, 'https://automations.example.com')
  t.equal(readConfig({ RATE_LIMIT: 'off' }).rateLimit, undefined)
  t.same(readConfig({ CORS_ORIGIN: 'https://a.example, https://b.example' }).corsOrigin, [
    'https://a.example',
    'https://b.example',
  ])
  t.same(readConfig({ CORS_ORIGIN: 'https://A.example:443/,http://b.example:8080' }).corsOrigin, [
    'https://a.example',
    'http://b.example:8080',
  ])
  const tls = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/ca.pem' }
  t.equal(readConfig({ DATABASE_URL: URL, ...SECRETS }).databaseUrl, URL)
  t.equal(
    readConfig({ DATABASE_URL: `${URL}?sslmode=require`, ...SECRETS, ...tls }).databaseUrl,
    `${URL}?sslmode=require&sslrootcert=%2Fca.pem`,
    'libpq’s variables count where the URL says nothing',
  )
  const trusted = { '0': 0, '1': 1, true: true, 'fd00::/8, 10.0.0.1': ['fd00::/8', '10.0.0.1'] }
  for (const [value, read] of Object.entries(trusted)) t.same(readConfig({ TRUST_PROXY: value }).trustProxy, read)
  const { encryptionKeys } = readConfig({ DATABASE_URL: URL, ...SECRETS, HS_ENCRYPTION_KEY: `k2:${KEY},${KEY}` })
  t.same(
    [...(encryptionKeys ?? [])].map(([id]) => id),
    ['k2', 'k1'],
    'a key without an id is k1',
  )
})
