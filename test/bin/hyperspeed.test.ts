import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runProgram } from '../support/server.ts'

t.test('the program explains itself', async (t) => {
  const help = await runProgram(['--help'])
  t.equal(help.code, 0)
  t.match(help.stdout, /Usage: hyperspeed <command>/)
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))
  t.equal((await runProgram(['--version'])).stdout, `${version}\n`)
})

t.test('what it can’t do it says in one line', async (t) => {
  const cases: [args: string[], env: Record<string, string>, code: number, message: RegExp][] = [
    [['fly'], {}, 2, /^hyperspeed: unknown command "fly"; see hyperspeed --help\n$/],
    [['serve', 'now'], {}, 2, /^hyperspeed: unknown command "serve now".*\n$/],
    [['toString'], {}, 2, /^hyperspeed: unknown command "toString".*\n$/],
    [['--colour'], {}, 2, /^hyperspeed: Unknown option '--colour'.*\n$/],
    [['serve'], { PORT: 'http' }, 1, /^hyperspeed: PORT: takes a whole number from 0 to 65535, not "http"\n$/],
  ]
  for (const [args, env, code, message] of cases) {
    const result = await runProgram(args, env)
    t.equal(result.code, code, args.join(' '))
    t.match(result.stderr, message)
  }
})

t.test('a database that can’t be reached is one line and exit 1', async (t) => {
  const { SECRETS } = await import('../support/server.ts')
  const { code, stderr } = await runProgram(['serve'], {
    ...SECRETS,
    DATABASE_URL: 'postgres://u:canary@127.0.0.1:1/d',
  })
  t.equal(code, 1)
  t.match(stderr, /^hyperspeed: .*ECONNREFUSED.*\n$/)
  t.notMatch(stderr, /canary/)
})

t.test('the committed document is that of the routes', async (t) => {
  const { code, stderr } = await runProgram(['openapi', '--check', 'openapi.yaml'])
  t.equal(code, 0, stderr)
  t.equal((await runProgram(['openapi', '--check', 'package.json'])).code, 1)
})
