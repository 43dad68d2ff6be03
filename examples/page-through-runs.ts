import { type Automation, asking, logIn, type Run, readSettings } from './api.ts'

const settings = readSettings('Reads all runs of an automation, page by page.')
const person = asking(settings, await logIn(settings))
const PAGE = 2

const { automations } = await person<{ automations: Automation[] }>('GET', 'automations?status=active&kind=scheduled')
const automation = automations.find(({ name }) => name === 'Heartbeat') ?? automations[0]
if (automation === undefined) throw new Error('no scheduled automation is active in this space')

// Some to read, beside those that it had by itself.
for (let i = 0; i < 5; i++) await person('POST', `automations/${automation.id}/run`)

/** Every run, newest first. A page says where the next one begins; the last one says null. */
async function* allRuns(id: string): AsyncGenerator<Run[]> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    type Page = { runs: Run[]; next_cursor: string | null }
    const page: Page = await person<Page>('GET', `automations/${id}/runs?limit=${PAGE}${from}`)
    yield page.runs
    cursor = page.next_cursor
  }
}

let total = 0
let pages = 0
for await (const runs of allRuns(automation.id)) {
  pages += 1
  total += runs.length
  for (const run of runs) console.log(`page ${pages}: ${run.created_at} ${run.trigger} ${run.status}`)
}
console.log(`"${automation.name}" has ${total} runs on ${pages} pages`)
