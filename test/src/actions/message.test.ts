import t from 'tap'
import { createExecutor } from '../../../src/engine/executor.ts'
import { testApp } from '../../support/app.ts'

t.test('a message', async (t) => {
  const { send, owner, organizationId, spaceId, db, actions, kinds, cipher, jobsSent } = await testApp(t)
  const base = `/api/v1/organizations/${organizationId}/spaces/${spaceId}/automations`
  const execute = createExecutor({ db, queue: { send: async () => {} }, actions, kinds, cipher })
  const { signal } = new AbortController()
  const say = async (name: string, message: string) => {
    const automation = { name, kind: 'scheduled', status: 'active', config: { every: 'P1D', message } }
    const { id } = (await send(owner, 'POST', base, automation)).body.automation
    const { run } = (await send(owner, 'POST', `${base}/${id}/run`)).body
    for (let job = jobsSent.shift(); job; job = jobsSent.shift()) await execute({ ...job, signal })
    const shown = (await send(owner, 'GET', `${base}/${id}/runs/${run.id}`)).body.run
    const said = await db.selectFrom('chat_messages').select('content').where('id', '=', run.id).executeTakeFirst()
    return { ...shown, said: said?.content }
  }

  t.test('that Postgres can not hold is said, with U+FFFD in its place', async (t) => {
    const party = await say(
      '\u{1f389} Party',
      '{{ automation.name | split: "" | first }} for {{ "AGI=" | base64_decode }}',
    )
    t.match(party, { status: 'succeeded', attempt: 1, said: '\ufffd for \ufffdb' })
    t.match(await say('n', '\u{1f389} {{ automation.name }}'), { said: '\u{1f389} n' })
  })

  t.test('whose template fails is not tried again, nor is one without an end', async (t) => {
    const endless = `${'{% for i in (1..1000) %}'.repeat(6)}{% endfor %}${'{% endfor %}'.repeat(5)}`
    t.match(await say('n', '{{ "a%b%" | url_decode }}'), {
      status: 'failed',
      attempt: 1,
      error_message: 'line 1, column 1: "url_decode" can\'t read what it is given',
    })
    t.match(await say('n', endless), { status: 'failed', attempt: 1, error_message: /takes too long$/ })
  })
})
