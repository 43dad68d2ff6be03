import t from 'tap'
import { emptyApp } from '../support/app.ts'

t.test('500 logins at once are worked on, or sent away for a moment, and keep nobody else waiting', async (t) => {
  const { app } = await emptyApp(t)
  const login = (i: number) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      payload: { email: `nobody${i}@example.com`, password: 'guess' },
    })
  let left = 500
  const flood = Promise.all(Array.from({ length: left }, (_, i) => login(i).finally(() => left--)))
  t.equal((await app.inject({ url: '/readyz' })).statusCode, 200)
  t.ok(left > 0, 'while logins wait')
  const answers = await flood
  const byStatus = Map.groupBy(answers, ({ statusCode }) => statusCode)
  t.same([...byStatus.keys()].sort(), [401, 503])
  t.ok((byStatus.get(401)?.length ?? 0) >= 64)
  for (const { headers } of byStatus.get(503) ?? []) t.equal(headers['retry-after'], '1')
})
