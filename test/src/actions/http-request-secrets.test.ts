import t from 'tap'
import { actionFor, answering } from '../../support/http-action.ts'
import { startReceiver } from '../../support/receiver.ts'

const CANARIES: Record<string, string> = {
  Authorization: 'Bearer canary-"7f3a/+b',
  'proxy-auth-token': 'canary-p',
  Cookie: 'sid=canary-cookie; theme=canary-dark',
  'X-Api-Key': 'canary-key-{{ run.trigger }}',
  'X-Anything': 'canary-unknown-name',
}

t.test('an upstream that echoes secrets, in any spelling, does not get them kept', async (t) => {
  const basic = `Basic ${Buffer.from('canary-user:canary-password').toString('base64')}`
  const receiver = await startReceiver(t, ({ headers }, response) => {
    const values = Object.values(headers).flatMap((value) =>
      typeof value === 'string' && /canary|Basic/.test(value) ? [value] : [],
    )
    const parts = values.flatMap((value) => [value, ...value.split(/[ ;=]+/)])
    const echo = parts.flatMap((each) => [
      each,
      JSON.stringify(each),
      encodeURIComponent(each),
      Buffer.from(each).toString('base64'),
    ])
    const location = `http://127.0.0.1/?token=${encodeURIComponent(values[0] ?? '')}`
    response.writeHead(500, { location }).end(`${echo.join('\n')} canary-password`)
  })
  const { run, preview } = actionFor(receiver)
  for (const headers of [CANARIES, { Authorization: basic }]) {
    const texts = [
      JSON.stringify(await run({ headers })),
      JSON.stringify(await preview({ headers: { ...headers, 'X-Anything': 'shown' } })),
    ]
    for (const text of texts) {
      t.match(text, '•••')
      t.notMatch(text, /canary/)
      t.notMatch(text, Buffer.from('canary').toString('base64').slice(0, 7))
    }
  }
})

t.test('a secret across the end of what was read leaves no piece of itself', async (t) => {
  const secret = `canary${'x'.repeat(4000)}`
  const { run } = await answering(t, 200, {}, `${`${secret} `.repeat(16)}${secret}`)
  const { output } = await run({ headers: { authorization: secret } })
  t.match(output, { truncated: true, body: /^(••• )*/ })
  t.notMatch(output?.body, /c|x/)
})

t.test('a broken template of a secret header is not quoted', async (t) => {
  const { run, preview } = actionFor()
  const config = { headers: { authorization: 'Bearer canary {% broken' } }
  const texts = [JSON.stringify(await run(config)), JSON.stringify(await preview(config))]
  for (const text of texts) {
    t.match(text, "/headers/authorization can't be filled in")
    t.notMatch(text, /canary/)
  }
})

t.test('so many secrets that looking for them takes long hide the whole answer, soon', async (t) => {
  const { run } = await answering(t, 200, {}, 'canary0 '.repeat(10_000))
  const headers: Record<string, string> = {}
  for (let i = 0; i < 20; i++)
    headers[`x-token-${i}`] = Array.from({ length: 50 }, (_, n) => `canary${i}-${n}`).join(' ')
  t.match((await run({ headers })).output, { body: '•••' })
})
