import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { launchBrowser, NO_BROWSER, openPage, startDemo } from '../support/browser.ts'
import { proxyUnder } from '../support/proxy.ts'
import { recordResult } from '../support/results.ts'
import { until } from '../support/until.ts'

const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const

// A busy machine takes its time.
t.setTimeout(300_000)

t.test('Swagger UI in Chromium', { skip: NO_BROWSER }, async (t) => {
  const proxy = await proxyUnder(t, '/auto')
  const browser = await launchBrowser(t)
  const { server, demo } = await startDemo(t, { PUBLIC_URL: proxy.url })
  proxy.forwardTo(server.base)
  t.teardown(() =>
    recordResult({
      tool: 'Swagger UI in Chromium',
      version: browser.version(),
      checks: '7 visits: sign in, authorize, execute, deep links, proxy, phone',
      result: t.passing() ? 'passed' : 'failed',
    }),
  )

  async function open(t: Test, options: BrowserContextOptions = {}, hash = '', base = server.base): Promise<Page> {
    const page = await openPage(t, browser, `${base}/docs${hash}`, options)
    await page.locator('.opblock').first().waitFor()
    return page
  }

  async function signIn(page: Page): Promise<void> {
    await page.getByLabel('Email').fill(demo.EMAIL)
    await page.getByLabel('Password').fill(demo.PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Signed in as Demo owner').waitFor()
    // Once the space is known, the requests are filled in.
    const space = page.getByRole('region', { name: 'Try it' }).getByLabel('Space')
    await until(async () => (await space.inputValue()) === demo.SPACE)
  }

  /** Executes an operation as it stands there. @returns the answer that the page shows */
  async function execute(page: Page, tag: string, operationId: string) {
    const operation = page.locator(`#operations-${tag}-${operationId}`)
    if (!(await operation.locator('.execute').isVisible())) await operation.locator('.opblock-summary').click()
    await operation.locator('.execute').click()
    const answer = operation.locator('.live-responses-table')
    await answer.waitFor()
    const body = await answer.locator('.highlight-code').first().innerText()
    const status = Number.parseInt(await answer.locator('.response-col_status').last().innerText(), 10)
    return {
      status,
      text: await answer.innerText(),
      body: JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)),
    }
  }

  t.test('a visitor signs in, lists, creates, and runs what was made', async (t) => {
    const page = await open(t)
    t.equal(await page.title(), 'Hyperspeed Automations API')
    await signIn(page)
    const listed = await execute(page, 'Automations', 'listAutomations')
    t.equal(listed.status, 200)
    t.ok(listed.body.automations.length >= 6, 'what the demo has')
    t.match(listed.text, /Request duration\s+\d+ ms/)
    const created = await execute(page, 'Automations', 'createAutomation')
    t.match(created, { status: 201, body: { automation: { name: 'Weekly digest', status: 'active' } } })
    const run = await execute(page, 'Runs', 'runAutomation')
    t.match(run, { status: 200, body: { run: { automation_id: created.body.automation.id, status: 'succeeded' } } })
    const seen = await execute(page, 'Runs', 'getRun')
    t.match(seen, { status: 200, body: { run: { id: run.body.run.id } } })
  })

  t.test('who has signed in still is after a reload, until they sign out', async (t) => {
    const page = await open(t)
    await signIn(page)
    await page.reload()
    await page.getByText('Signed in as Demo owner').waitFor()
    t.equal((await execute(page, 'Automations', 'listAutomations')).status, 200)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    t.equal(await page.evaluate(() => localStorage.getItem('authorized')), '{}')
  })

  t.test('AI staff authorizes in the dialog, and what it makes waits', async (t) => {
    const page = await open(t)
    await signIn(page)
    await page.getByRole('button', { name: 'Authorize' }).click()
    const dialog = page.locator('.dialog-ux')
    t.match(await dialog.innerText(), /A person: .*AI staff: the sa_… token/s)
    await dialog.locator('input').fill(demo.AI_TOKEN)
    await dialog.getByRole('button', { name: 'Apply credentials' }).click()
    await dialog.getByRole('button', { name: 'Close' }).first().click()
    await page.getByText('Signed in as Assistant, who is AI staff').waitFor()
    const created = await execute(page, 'Automations', 'createAutomation')
    t.match(created, { status: 201, body: { automation: { status: 'pending_approval' } } })
    t.type(created.body.automation.created_by_service_account_id, 'string', 'it asks as one of them, not as both')
  })

  t.test('a wrong password is told in the words of the API', async (t) => {
    const context = await browser.newContext()
    t.teardown(() => context.close())
    const page = await context.newPage()
    await page.goto(`${server.base}/docs`)
    await page.getByLabel('Email').fill(demo.EMAIL)
    await page.getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    t.equal(await page.getByRole('alert').innerText(), 'invalid credentials')
  })

  t.test('a deep link opens its operation, and groups stand in the order of the README', async (t) => {
    const page = await open(t, {}, '#/Review/approveAutomation')
    await page.locator('#operations-Review-approveAutomation .execute').waitFor()
    t.equal(await page.locator('.opblock.is-open').count(), 1)
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
    const [, table = ''] = /<!-- operations -->(.*)<!-- \/operations -->/s.exec(readme) ?? []
    const groups = [...table.matchAll(/^\*\*(.+)\*\*$/gm)].map(([, name]) => name)
    const shown = await page.locator('.opblock-tag').evaluateAll((tags) => tags.map((tag) => tag.dataset.tag))
    t.ok(groups.length > 10)
    t.same(shown, [...groups, 'Health'])
  })

  t.test('a proxy may serve it under a path, and nothing leaves that', async (t) => {
    const page = await open(t, {}, '', proxy.url)
    await signIn(page)
    t.equal((await execute(page, 'Automations', 'createAutomation')).status, 201)
    await page.reload()
    await page.getByText('Signed in as Demo owner').waitFor()
  })

  t.test('fits a phone, in the dark', async (t) => {
    const page = await open(t, PHONE)
    await signIn(page)
    await execute(page, 'Automations', 'listAutomations')
    t.equal(await page.locator('html.dark-mode').count(), 1)
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), PHONE.viewport.width, 'nothing sticks out')
  })
})
