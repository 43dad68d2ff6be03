import { createHmac, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { clientOf, demoVariables } from '../support/demo.ts'
import { startServer } from '../support/server.ts'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)
const CONSOLE = join(import.meta.dirname, '../../console')
const AXE = join(CONSOLE, 'node_modules/axe-core/axe.min.js')
const isReady = CHROMIUM !== undefined && existsSync(join(CONSOLE, 'dist/index.html')) && existsSync(AXE)
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const DESK = { viewport: { width: 1280, height: 900 }, colorScheme: 'light' } as const
const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const
const SECRET = 'a secret of two programs'

// A busy machine takes its time.
t.setTimeout(300_000)

t.test('Pages of the console in Chromium', { skip: isReady ? false : 'no Chromium, or no console' }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-console-'))
  const server = await startServer(t, { DATA_DIR: folder })
  const demo = await demoVariables(server.output)
  const browser = await chromium.launch({
    executablePath: CHROMIUM ?? '',
    args: ['--no-sandbox', '--no-first-run', '--disable-gpu', '--disable-background-networking'],
  })
  t.teardown(async () => {
    await browser.close()
    server.child.kill('SIGTERM')
    await server.exited
    await rm(folder, { recursive: true, force: true })
  })
  const login = { email: demo.EMAIL, password: demo.PASSWORD }
  const { access_token: token } = await clientOf(server.base)('POST', '/auth/login', login)
  const call = clientOf(server.base, token)
  const organization = `/organizations/${demo.ORG}`
  const automations = `${organization}/spaces/${demo.SPACE}/automations`
  const pages = `${server.base}/console/${demo.ORG}`
  const axe = await readFile(AXE, 'utf8')

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

  /** Logs in, and fails the test for whatever a visitor would find in the console of the browser from then on. */
  async function open(t: Test, options: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext(options)
    t.teardown(() => context.close())
    const page = await context.newPage()
    await page.goto(`${server.base}/console`)
    await page.getByLabel('Email').fill(demo.EMAIL)
    await page.getByLabel('Password').fill(demo.PASSWORD)
    page.on('console', (message) => t.fail(`console: ${message.text()}`))
    page.on('pageerror', (error) => t.fail(`page error: ${error.message}`))
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Live', { exact: true }).waitFor()
    return page
  }

  /** Fails the test for what axe finds, and where a page is wider than its window. */
  async function check(t: Test, page: Page, name: string): Promise<void> {
    const found = await page.evaluate(`${axe};axe.run(document, { runOnly: ${JSON.stringify(RULES)} })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`)
    t.strictSame(found, [], `${name}: axe finds nothing`)
    const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    t.equal(tooWide, 0, `${name}: nothing is cut off`)
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
  for (const [name, options] of [
    ['at a desk, by day', DESK],
    ['on a phone, by night', PHONE],
  ] as const)
    await t.test(`every page can be read ${name}`, async (t) => {
      const page = await open(t, options)
      for (const [path, text] of shown) {
        await page.goto(`${pages}/${path}`)
        await page.locator('main').getByText(text).first().waitFor()
        await check(t, page, path)
      }
    })

  await t.test('an event runs again, once somebody has said yes', async (t) => {
    const page = await open(t, DESK)
    await page.goto(`${pages}/${of(hook)}/events/${event.event_id}`)
    await page.getByRole('button', { name: 'Replay' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('alertdialog').waitFor()
    await check(t, page, 'the question')
    await page.keyboard.press('Escape')
    await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Replay', 'the keyboard is where it was')
    await page.getByRole('button', { name: 'Replay' }).click()
    await page.getByRole('button', { name: 'Replay it' }).click()
    await page.getByText('It succeeded').waitFor()
    t.not(page.url().split('/').at(-1), event.run_id, 'it is a run of its own')
  })

  await t.test('an automation is restored, paused and run', async (t) => {
    const page = await open(t, DESK)
    await page.goto(`${pages}/${of(hello)}/revisions/1`)
    await page.getByRole('button', { name: 'Restore this revision' }).click()
    await page.getByRole('button', { name: 'Restore it' }).click()
    await page.getByText('Restored, as revision 3.').waitFor()
    await page.getByRole('link', { name: '← Its automation' }).click()
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByRole('table').getByText('succeeded').first().waitFor()
    await call('PATCH', `${automations}/${hello.id}`, { status: 'paused' })
    await page.getByRole('button', { name: 'Resume' }).waitFor()
  })

  await t.test('a token is shown once, and Escape does not take it away', async (t) => {
    const page = await open(t, DESK)
    await page.goto(`${pages}/staff`)
    await page.getByLabel('Name', { exact: true }).fill('Helper')
    await page.getByRole('button', { name: 'Make it' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('It is shown this once').waitFor()
    await check(t, page, 'the token')
    await page.keyboard.press('Escape')
    t.match(await dialog.locator('code').first().innerText(), /^sa_/)
    await page.getByRole('button', { name: 'I have it' }).click()
    await page.getByRole('button', { name: 'Delete Helper' }).click()
    await page.getByRole('button', { name: 'Delete it' }).click()
    await page.getByText('Helper is deleted.').waitFor()
  })

  await t.test('only what somebody changed of a policy is saved', async (t) => {
    const page = await open(t, DESK)
    await page.goto(`${pages}/policy`)
    await page.getByLabel('Days until a proposal expires').fill('20')
    await page.getByText('Not saved yet: 1').waitFor()
    await call('PATCH', `${organization}/automation-policy`, { max_pending_per_service_account: 33 })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The policy is saved').waitFor()
    const { policy } = await call('GET', `${organization}/automation-policy`)
    t.match(policy, { proposal_expires_after_days: 20, max_pending_per_service_account: 33 })
  })
})
