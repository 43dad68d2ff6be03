import t from 'tap'
import { createReader } from '../../../src/hooks/reading.ts'
import { KINDS } from '../../../src/kinds/index.ts'
import type { Intake } from '../../../src/kinds/kind.ts'

const CONFIG = { verification: 'none', filter: [{ path: '$.last', equals: 'é' }] }
const intake = KINDS.get('webhook').intake as Intake

function delivery(text: string) {
  const headers = { 'content-type': 'application/json', 'x-plain': 'kept' }
  return { headers, bytes: Buffer.from(text) }
}

const hook = (kind = 'webhook', by = intake) => ({ organizationId: 'o', state: { kind }, intake: by, config: CONFIG })
const LARGE = delivery(JSON.stringify({ type: 'large', parts: 'x'.repeat(300_000), nul: '\0', last: 'é' }))

t.test('what is large is read in a thread as it would be here', async (t) => {
  const read = createReader()
  const answers = await Promise.all([1, 2, 3].map(() => read(hook(), LARGE)))
  for (const answer of answers) t.same(answer, intake.read(CONFIG, LARGE))
  t.match(answers[0], { type: 'large', isReplaced: true, wanted: true, headers: { 'x-plain': 'kept' } })
  const broken = delivery(`{"a":${'1'.repeat(300_000)}`)
  await t.rejects(async () => read(hook(), broken), { code: 'invalid_json' })
  t.match(await read(hook(), LARGE), { wanted: true }, 'and the next one is read')
})

t.test('what takes too long is to come again, and a kind that the thread does not know is read here', async (t) => {
  const read = createReader({ withinMs: 1 })
  for (let i = 0; i < 2; i++)
    await t.rejects(async () => read(hook(), LARGE), {
      code: 'unavailable',
      headers: { 'Retry-After': '1' },
    })
  const other: Intake = { ...intake, read: () => ({ challenge: 'here' }) }
  t.same(await read(hook('other', other), LARGE), { challenge: 'here' })
})
