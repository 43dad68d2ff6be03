import t from 'tap'
import { readOptions } from '../../agent/options.ts'

const TOKEN = `tun_${'a'.repeat(43)}`
const NEEDED = ['--server', 'https://hs.example/auto', '--to', 'http://127.0.0.1:3000']

t.test('what is asked for', async (t) => {
  const options = (args: string[], env: Record<string, string> = { HYPERSPEED_TUNNEL_TOKEN: TOKEN }) =>
    readOptions(args, env)
  t.match(options(NEEDED), {
    server: { href: 'https://hs.example/auto' },
    token: TOKEN,
    target: { host: '127.0.0.1', port: 3000 },
    inspectPort: undefined,
    isJson: false,
  })
  t.match(options([...NEEDED, '--token', `tun_${'b'.repeat(43)}`]), { token: /^tun_b/ }, 'what is written wins')
  for (const [to, target] of [
    ['3000', { host: '127.0.0.1', port: 3000 }],
    ['localhost:5173', { host: 'localhost', port: 5173 }],
    ['http://[::1]:8080', { host: '::1', port: 8080 }],
    ['http://service', { host: 'service', port: 80 }],
  ] as const)
    t.match(options(['--server', 'hs.example', '--to', to]), { target, server: { href: 'https://hs.example/' } }, to)
  t.match(options([...NEEDED, '--inspect']), { inspectPort: 4040 })
  t.match(options([...NEEDED, '--inspect=0', '--sessions', '2', '--websocket', '--quiet', '--json']), {
    inspectPort: 0,
    sessions: 2,
    isWebSocket: true,
    isQuiet: true,
    isJson: true,
  })
  t.equal(options(['--help']), 'help')
  t.equal(options(['-v']), 'version')
})

t.test('what can not be done is said in a line', async (t) => {
  for (const [args, message] of [
    [[], /^--server, --to missing; see hyperspeed tunnel --help$/],
    [['--server'], /argument missing.*--help/],
    [['--nonsense'], /Unknown option.*--help/],
    [['extra', ...NEEDED], /Unexpected argument/],
    [['--server', 'ftp://x', '--to', '3000'], /^--server: takes a URL/],
    [['--server', 'https://x?y', '--to', '3000'], /^--server: takes a URL/],
    [['--server', 'https://x', '--to', 'https://x'], /^--to: takes a URL like http/],
    [['--server', 'https://x', '--to', 'http://x/path'], /without a path/],
    [[...NEEDED, '--inspect=99999'], /^--inspect: takes a whole number from 0 to 65535/],
    [[...NEEDED, '--sessions', '0'], /^--sessions/],
    [[...NEEDED, '--token', 'sa_x'], /begins with tun_/],
  ] as const)
    t.throws(
      () => readOptions([...args], { HYPERSPEED_TUNNEL_TOKEN: TOKEN }),
      { name: 'UsageError', message },
      args.join(' '),
    )
  t.throws(() => readOptions(NEEDED, {}), { message: /^--token \(or HYPERSPEED_TUNNEL_TOKEN\) missing/ })
})
