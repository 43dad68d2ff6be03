import { createHmac, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { NO_BROWSER } from '../support/browser.ts'
import { DESK, isAccessible, isLoaded, openConsole, PHONE, prepareConsole } from '../support/console.ts'

const SECRET = 'a secret of two programs'

// A busy machine takes its time.
t.setTimeout(300_000)

t.test('what people do on the pages of the console', { skip: NO_BROWSER }, async (t) => {
  const { browser, server, demo, owner: call, organization, automations, addressOf } = await prepareConsole(t)
  const open = (t: Test, path: string, colorScheme: 'light' | 'dark' = 'light') =>
    openConsole(t, browser, addressOf(path), demo, { viewport: DESK, colorScheme })

  const hook = await make('Orders', 'webhook', {
    verification: 'hmac',
    header: 'X-Signature',
    event_key_header: 'X-Id',
  })
  const tunnel = await make('The site', 'reverse_tunnel', { subdomain: 'site', access: 'token' })
  const hello = await make('Hello', 'scheduled', { every: 'P1M', message: 'Hello' })
  await call('POST', `${automations}/${hook.id}/webhook/secret`, { secret: SECRET })
  const event = await deliver(hook.trigger.url, '{"total": 12, "name": "ada\\u202egpj.exe"}')
  await call('PATCH', `${automations}/${hello.id}`, { config: { every: 'P1M', channel: 'general', message: 'Hello!' } })

  async function make(name: string, kind: string, config: object) {
    const body = { name, kind, status: 'active', config: { channel: 'general', message: 'It came in', ...config } }
    return (await call('POST', automations, body)).automation
  }

  /** Sends an event as its sender would. @returns what the sender is answered */
  async function deliver(url: string, body: string) {
    const signature = createHmac('sha256', SECRET).update(body).digest('hex')
    const headers = { 'content-type': 'application/json', 'x-signature': signature, 'x-id': randomUUID() }
    const { pathname } = new URL(url) // its port is what the server was told, and not what it got
    const answer = await fetch(`${server.base}${pathname}`, { method: 'POST', headers, body })
    return (await answer.json()) as { event_id: string; run_id: string }
  }

  const of = ({ id }: { id: string }) => `automations/${demo.SPACE}/${id}`
  const shown: [string, string][] = [
    ['automations', 'The site'],
    [of(hook), 'All events'],
    [of(tunnel), 'No agent is connected'],
    [of(hello), 'Revision 2'],
    [`${of(hello)}/revisions/2`, 'What it changed'],
    [`${of(hook)}/events`, 'its run'],
    [`${of(hook)}/events/${event.event_id}`, 'U+202E'],
    ['runs', 'Orders'],
    [`runs/${demo.SPACE}/${hook.id}/${event.run_id}`, 'What happened'],
    ['staff', 'Assistant'],
    ['policy', 'reverse tunnel'],
    ['audit', 'automation.created'],
  ]
  const { reviews } = await call('GET', `${organization}/reviews`)
  shown.push(['queue', reviews[0].name], [`review/${demo.SPACE}/${reviews[0].automation_id}`, 'Approve exactly this'])

  for (const colorScheme of ['light', 'dark'] as const)
    t.test(`every page can be read, ${colorScheme}, wide and on a phone`, async (t) => {
      const page = await open(t, 'queue', colorScheme)
      for (const [path, text] of shown) {
        await page.goto(addressOf(path))
        await page.locator('main').getByText(text).first().waitFor()
        await isLoaded(page)
        t.match(await page.title(), /\w · Hyperspeed Automations$/, path)
        for (const size of [PHONE, DESK]) {
          await page.setViewportSize(size)
          await isAccessible(t, page, `${path}, ${size.width}`)
          t.equal(
            await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
            0,
            `${path}: all of it is in sight`,
          )
        }
      }
    })

  t.test('an event runs again, once somebody has said yes', async (t) => {
    const page = await open(t, `${of(hook)}/events/${event.event_id}`)
    await page.getByRole('button', { name: 'Replay' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('alertdialog').waitFor()
    await isAccessible(t, page, 'the question')
    await page.keyboard.press('Escape')
    await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Replay', 'the keyboard is where it was')
    await page.getByRole('button', { name: 'Replay' }).click()
    await page.getByRole('button', { name: 'Replay it' }).click()
    await page.getByText('It succeeded').waitFor()
    t.not(page.url().split('/').at(-1), event.run_id, 'it is a run of its own')
  })

  t.test('an automation is restored, paused and run', async (t) => {
    const page = await open(t, `${of(hello)}/revisions/1`)
    await page.getByRole('button', { name: 'Restore this revision' }).click()
    await page.getByRole('button', { name: 'Restore it' }).click()
    await page.getByText('Restored, as revision 3.').waitFor()
    await page.getByRole('link', { name: '← Its automation' }).click()
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('table').getByText('succeeded').first().waitFor()
    await call('PATCH', `${automations}/${hello.id}`, { status: 'paused' })
    await page.getByRole('button', { name: 'Resume' }).waitFor()
  })

  t.test('a token is shown once, and Escape does not take it away', async (t) => {
    const page = await open(t, `staff`)
    await page.getByLabel('Name', { exact: true }).fill('Helper')
    await page.getByRole('button', { name: 'Make it' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('It is shown this once').waitFor()
    await isAccessible(t, page, 'the token')
    await page.keyboard.press('Escape')
    t.match(await dialog.locator('code').first().innerText(), /^sa_/)
    await page.getByRole('button', { name: 'I have it' }).click()
    await page.getByRole('button', { name: 'Delete Helper' }).click()
    await page.getByRole('button', { name: 'Delete it' }).click()
    await page.getByText('Helper is deleted.').waitFor()
  })

  t.test('only what somebody changed of a policy is saved', async (t) => {
    const page = await open(t, `policy`)
    await page.getByLabel('Days until a proposal expires').fill('20')
    await page.getByText('Not saved yet: 1').waitFor()
    await call('PATCH', `${organization}/automation-policy`, { max_pending_per_service_account: 33 })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The policy is saved').waitFor()
    const { policy } = await call('GET', `${organization}/automation-policy`)
    t.match(policy, { proposal_expires_after_days: 20, max_pending_per_service_account: 33 })
  })
})
