import t from 'tap'
import { isAllowed } from '../../../src/tunnels/paths.ts'

t.test('whole segments are compared, once they are decoded', async (t) => {
  for (const [allowed, target] of [
    ['/hooks', '/hooks'],
    ['/hooks', '/hooks/'],
    ['/hooks/', '/hooks'],
    ['/hooks', '/hooks/a/b?x=/../y%2f'],
    ['/hooks', '/h%6foks/%41'],
    ['/a/b', '/a/b/c'],
    ['/', '/anything/at/all'],
    ['/ü', '/%C3%BC/x'],
    ['/hooks', '/hooks/...'],
    ['/hooks', '/hooks//x'],
  ] as const)
    t.equal(isAllowed(target, [allowed]), true, `${allowed} ${target}`)
  for (const [allowed, target] of [
    ['/hooks', '/hooks2'],
    ['/hooks', '/hook'],
    ['/hooks', '/'],
    ['/hooks', '//hooks/a'],
    ['/hooks', '/Hooks'],
    ['/a/b', '/a/bc'],
    ['/a/b', '/b/a/b'],
    ['/hooks', '/x?/hooks'],
    ['/hooks', '*'],
  ] as const)
    t.equal(isAllowed(target, [allowed]), false, `${allowed} ${target}`)
  t.equal(isAllowed('/b', ['/a', '/b']), true, 'any of several')
})

t.test('what could be read in two ways is neither', async (t) => {
  for (const target of [
    '/hooks/%2f',
    '/hooks%2Fadmin',
    '/hooks/%5cadmin',
    '/hooks/\\admin',
    '/hooks/%00',
    '/hooks/../admin',
    '/hooks/%2e%2e/admin',
    '/hooks/.%2E/admin',
    '/hooks/./x',
    '/hooks/..',
    '/hooks/..;/admin',
    '/hooks/..;x=1/admin',
    '/hooks/%252e%252e/admin',
    '/hooks/%252fadmin',
    '/hooks/%',
    '/hooks/%zz',
    '/hooks/%ff',
    '/hooks/%0d%0ax',
    '/hooks#x',
  ])
    t.equal(isAllowed(target, ['/hooks']), undefined, target)
  t.equal(isAllowed('/hooks?x=%2f..%00', ['/hooks']), true, 'queries are what they are')
})
