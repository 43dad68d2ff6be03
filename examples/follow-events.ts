import { type Automation, asking, logIn, readSettings } from './api.ts'

const settings = readSettings('Follows what happens in a space, loses the connection, and misses nothing.')
const token = await logIn(settings)
const person = asking(settings, token)

/** One server-sent event: what it is, and where to go on from after it. */
type Event = { id: string; type: string; automation_id: string | null; status: string | null }

/** Follows the space from behind the event with this id, or from now. */
async function* follow(lastEventId: string | undefined, signal: AbortSignal): AsyncGenerator<Event> {
  const { HS, ORG, SPACE } = settings
  const response = await fetch(`${HS}/api/v1/organizations/${ORG}/spaces/${SPACE}/events`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal,
  })
  if (!response.ok || response.body === null) throw new Error(`the stream was refused: ${response.status}`)
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
      const data = field('data')
      // The first block has an id alone, from which to go on; a comment keeps the connection open.
      if (data !== undefined) yield { id: field('id') ?? '', ...JSON.parse(data) }
      else if (field('id') !== undefined)
        yield { id: field('id') ?? '', type: 'ready', automation_id: null, status: null }
    }
  }
}

let last: string | undefined
let automation: Automation | undefined

/** Follows until this happens, and remembers the last event that came. */
async function followUntil(isIt: (event: Event) => boolean, onReady = async () => {}): Promise<void> {
  const connection = new AbortController()
  for await (const event of follow(last, connection.signal)) {
    last = event.id
    if (event.type === 'ready') await onReady()
    else if (event.automation_id === automation?.id) console.log(`  ${event.type}: ${event.status}`)
    if (event.type !== 'ready' && isIt(event)) break
  }
  connection.abort()
}

console.log('following, while an automation is made')
await followUntil(
  ({ type, automation_id: id }) => type === 'automation.created' && id === automation?.id,
  async () => {
    const body = { name: 'Followed', kind: 'scheduled', config: { every: 'P1D', channel: 'general' }, status: 'active' }
    automation = (await person<{ automation: Automation }>('POST', 'automations', body)).automation
  },
)

console.log('the connection is gone; meanwhile it runs')
await person('POST', `automations/${automation?.id}/run`, undefined, { Prefer: 'wait=20' })

console.log('back again, from the last event on')
await followUntil(({ type, status }) => type === 'run.updated' && status === 'succeeded')
await person('DELETE', `automations/${automation?.id}`)
console.log('nothing was missed')
