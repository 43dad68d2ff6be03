import t from 'tap'
import type { Content } from '../../../src/automations/content.ts'
import { diff, digestOf } from '../../../src/automations/revisions.ts'

const BASE: Content = {
  name: 'n',
  config: { cron: '0 9 * * MON', a: [1, { b: null }] },
  description: null,
  secretVersions: {},
}
const digest = (content: Content) => digestOf('id', 'scheduled', content)

t.test('a digest covers everything that takes effect and nothing else', async (t) => {
  t.match(digest(BASE), /^sha256:[0-9a-f]{64}$/)
  t.equal(digest({ ...BASE, config: { a: [1, { b: null }], cron: '0 9 * * MON' } }), digest(BASE), 'order of keys')
  t.equal(digest({ ...BASE, description: 'for people' }), digest(BASE), 'description')
  const others: Content[] = [
    { ...BASE, name: 'm' },
    { ...BASE, config: { ...BASE.config, cron: '0 8 * * MON' } },
    { ...BASE, config: { ...BASE.config, extra: undefined, more: false } },
    { ...BASE, config: { ...BASE.config, a: [{ b: null }, 1] } },
    { ...BASE, secretVersions: { oauth: 1 } },
  ]
  t.equal(new Set([BASE, ...others].map(digest)).size, others.length + 1)
  t.not(digestOf('id', 'webhook', BASE), digest(BASE), 'kind')
  const withCredential = { ...BASE, secretVersions: { oauth: 1 } }
  t.not(digestOf('other', 'scheduled', withCredential), digest(withCredential), 'whose credential')
})

t.test('the digest is the published SHA-256 of canonical JSON', async (t) => {
  const { createHash } = await import('node:crypto')
  const text = '{"config":{"b":1,"é":"x"},"credential":null,"kind":"webhook","name":"n"}'
  const expected = `sha256:${createHash('sha256').update(text).digest('hex')}`
  const content = { name: 'n', config: { é: 'x', b: 1 }, description: null, secretVersions: {} }
  t.equal(digestOf('id', 'webhook', content), expected)
})

t.test('a diff has one entry for each changed path', async (t) => {
  const after: Content = {
    name: 'm',
    config: { a: [1, { b: 2 }, 3], 'x/y~z': true },
    description: 'd',
    secretVersions: { oauth: 2 },
  }
  t.same(diff(BASE, after), [
    { path: '/name', op: 'replace', before: 'n', after: 'm' },
    { path: '/config/cron', op: 'remove', before: '0 9 * * MON' },
    { path: '/config/a/1/b', op: 'replace', before: null, after: 2 },
    { path: '/config/a/2', op: 'add', after: 3 },
    { path: '/config/x~1y~0z', op: 'add', after: true },
    { path: '/description', op: 'replace', before: null, after: 'd' },
    { path: '/credential_version', op: 'replace', before: null, after: 2 },
  ])
  t.same(diff(BASE, structuredClone(BASE)), [])
  t.same(
    diff(null, BASE).map(({ path, op }) => `${op} ${path}`),
    ['add /name', 'add /config', 'add /description', 'add /credential_version'],
  )
  const swapped = diff({ ...BASE, config: { a: {} } }, { ...BASE, config: { a: [] } })
  t.same(swapped, [{ path: '/config/a', op: 'replace', before: {}, after: [] }], 'an object is no array')
})
