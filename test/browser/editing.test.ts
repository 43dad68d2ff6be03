import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { NO_BROWSER } from '../support/browser.ts'
import { DESK, isAccessible, isLoaded, logIn, openConsole, PHONE, prepareConsole } from '../support/console.ts'
import type { Body } from '../support/demo.ts'
import { until } from '../support/until.ts'

const BUILT = join(import.meta.dirname, '../../console/dist/assets')
/** What is loaded when they are opened, in bytes of script as gzip has them. */
const MAX_EDITOR = 220_000
const MAX_FORM = 90_000
const isRefusal = (message: string) => /status of (401|409|412)/.test(message)

// A busy machine takes its time.
t.setTimeout(600_000)

t.test('people create and edit', { skip: NO_BROWSER }, async (t) => {
  const { browser, server, demo, owner, automations, addressOf } = await prepareConsole(t)
  const newPage = (query = '') => addressOf(`automations/${demo.SPACE}/new${query}`)
  const editPage = (id: string, query = '') => addressOf(`automations/${demo.SPACE}/${id}/edit${query}`)
  const open = (t: Test, url: string, isExpected?: (message: string) => boolean) =>
    openConsole(t, browser, url, demo, { viewport: DESK, ...(isExpected && { isExpected }) })
  const get = async (id: string): Promise<Body> => (await owner('GET', `${automations}/${id}`)).automation
  const idOn = (page: Page) => new URL(page.url()).pathname.split('/').at(-1) ?? ''
  const create = async (config: object): Promise<Body> =>
    (await owner('POST', automations, { name: 'Edited', kind: 'scheduled', status: 'active', config })).automation
  const saveOn = (page: Page) => page.getByRole('button', { name: 'Save', exact: true })
  /** Puts a text in the place of all of the JSON, as somebody who pastes. */
  const writeJson = async (page: Page, text: string) => {
    await page.locator('.code').click()
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.insertText(text)
  }

  t.test('every kind that the server knows can be begun, in both views', async (t) => {
    const document = (await (await fetch(`${server.base}/openapi.json`)).json()) as Body
    const kinds: string[] = document.components.schemas.AutomationKind.enum
    t.ok(kinds.length >= 4)
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await openConsole(t, browser, newPage(), demo, { viewport: DESK, colorScheme })
      await page.locator('.kinds li').first().waitFor()
      t.equal(await page.locator('.kinds li').count(), kinds.length)
      await isAccessible(t, page, 'the choice of a kind')
      for (const kind of kinds)
        for (const tab of ['form', 'json']) {
          await page.goto(newPage(`?kind=${kind}&tab=${tab}`))
          await page.getByText('Of what you have typed.').waitFor()
          await page
            .locator(tab === 'form' ? '.field' : '.code')
            .first()
            .waitFor()
          await isLoaded(page)
          t.equal(await page.locator('.bad').count(), 0, `${kind}: its example has no problem`)
          for (const size of [PHONE, DESK]) {
            await page.setViewportSize(size)
            await isAccessible(t, page, `${kind}, ${tab}, ${colorScheme}, ${size.width}`)
            t.equal(
              await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
              0,
              `${kind}, ${tab}, ${size.width}`,
            )
          }
        }
    }
  })

  t.test('by the form, from its beginning to what runs', async (t) => {
    const page = await open(t, newPage('?kind=scheduled&from=empty'))
    await page.getByLabel('Name', { exact: true }).fill('By the form')
    await page.getByRole('complementary').getByText('needs').first().waitFor()
    await page.getByLabel('Cron', { exact: true }).fill('0 9 * * MON')
    await page.getByLabel('Message', { exact: true }).fill('Good {{ run.scheduled_for }}')
    await page.getByRole('complementary').getByText('The next 10 runs').waitFor()
    await page.getByLabel('Status').selectOption('active')
    await saveOn(page).click()
    await page.getByRole('heading', { name: 'By the form' }).waitFor()
    t.match(await get(idOn(page)), {
      status: 'active',
      config: { cron: '0 9 * * MON', message: 'Good {{ run.scheduled_for }}' },
    })
  })

  t.test('problems are told while somebody types, at their place', async (t) => {
    const page = await open(t, newPage('?kind=scheduled&tab=json'))
    await page.locator('.code').waitFor()
    await writeJson(page, '{ "cron": "61 9 * * *", "message": "{% if %}" }')
    const told = page.getByRole('complementary').locator('.bad')
    await until(async () => (await told.count()) >= 2)
    await isAccessible(t, page, 'with problems')
    await told.first().getByRole('button').click()
    t.equal(await page.evaluate('document.activeElement.className'), 'code', 'a problem leads to its place')
    await writeJson(page, '{ "cron": ')
    await page.getByText('The JSON can’t be read yet').waitFor()
    t.equal(await saveOn(page).isDisabled(), true)
    await page.getByRole('tab', { name: 'Form' }).click()
    await page.getByRole('tab', { name: 'JSON' }).click()
    t.match(
      await page
        .locator('.code')
        .evaluate((host) => (host as unknown as { shadowRoot: { textContent: string } }).shadowRoot.textContent),
      '"cron": ',
    )
  })

  t.test('what the form does not know, and numbers beyond those of JavaScript, stay as they are', async (t) => {
    const config = { every: 'P1D', message: 'hi', own: { a: [1, null], 'b/c': '~' } }
    const { id } = await create(config)
    const page = await open(t, editPage(id))
    await page.getByText('Nothing is changed yet').waitFor()
    await page.getByLabel('Message', { exact: true }).fill('changed')
    await saveOn(page).click()
    await page.getByRole('heading', { name: 'Edited', exact: true }).waitFor()
    t.match((await get(id)).config, { ...config, message: 'changed' })
    await page.goto(editPage(id, '?tab=json'))
    await page.locator('.code').waitFor()
    await writeJson(page, '{"every":"P1D","message":"hi","big":123456789012345678901234567890}')
    await page.getByText('Of what you have typed.').waitFor()
    await saveOn(page).click()
    await page.getByRole('heading', { name: 'Edited', exact: true }).waitFor()
    const stored = await fetch(`${server.base}/api/v1${automations}/${id}`, {
      headers: { authorization: `Bearer ${demo.AI_TOKEN}` },
    })
    t.match(await stored.text(), '123456789012345678901234567890')
  })

  t.test('what somebody else saves meanwhile is shown, and nothing is sent again by itself', async (t) => {
    const { id } = await create({ every: 'P1D', message: 'first' })
    const page = await open(t, editPage(id), isRefusal)
    await page.getByLabel('Message', { exact: true }).fill('mine')
    await owner('PATCH', `${automations}/${id}`, { config: { every: 'P1D', message: 'theirs' } })
    await page.getByText('First choose between theirs and yours').waitFor()
    t.match(await page.locator('.editor').innerText(), 'theirs')
    await isAccessible(t, page, 'a conflict')
    t.equal((await get(id)).config.message, 'theirs')
    await page.getByRole('button', { name: 'Keep mine' }).click()
    await saveOn(page).click()
    await page.getByRole('heading', { name: 'Edited', exact: true }).waitFor()
    t.equal((await get(id)).config.message, 'mine')
  })

  t.test('a login that ends before it is saved', async (t) => {
    const page = await open(t, newPage('?kind=scheduled'), isRefusal)
    await page.getByLabel('Name', { exact: true }).fill('Typed before')
    await page.getByText('Of what you have typed.').waitFor()
    await page.context().clearCookies()
    await saveOn(page).click()
    await page.getByRole('dialog', { name: 'Log in again' }).waitFor()
    await logIn(page, demo)
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    t.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Typed before')
    await saveOn(page).click()
    await page.getByRole('heading', { name: 'Typed before' }).waitFor()
    const { automations: found } = await owner('GET', `${automations}?limit=50`)
    t.equal(found.filter(({ name }: Body) => name === 'Typed before').length, 1)
  })

  t.test('whoever leaves what is not saved is asked', async (t) => {
    const page = await open(t, newPage('?kind=scheduled'))
    await page.getByLabel('Name', { exact: true }).fill('Not saved')
    await page.getByRole('link', { name: 'Policy' }).click()
    const dialog = page.getByRole('alertdialog')
    await dialog.waitFor()
    await isAccessible(t, page, 'the question')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    t.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Not saved')
  })

  t.test('what it brings along is small', async (t) => {
    const page = await open(t, addressOf('queue'))
    const before = await scriptsOf(page)
    await page.goto(newPage('?kind=scheduled&tab=json'))
    await page.locator('.code').waitFor()
    const editor = await scriptsOf(page)
    await page.getByRole('tab', { name: 'Form' }).click()
    await page.locator('.field').first().waitFor()
    const form = await scriptsOf(page)
    const [ofEditor, ofForm] = [await sizeOf(editor, before), await sizeOf(form, editor)]
    t.ok(ofEditor > 0 && ofEditor <= MAX_EDITOR, `the editor: ${ofEditor} bytes`)
    t.ok(ofForm > 0 && ofForm <= MAX_FORM, `the form: ${ofForm} bytes`)
  })
})

/** The names of the scripts that a page has loaded. */
async function scriptsOf(page: Page): Promise<Set<string>> {
  const urls = await page.evaluate<string[]>("performance.getEntriesByType('resource').map(({ name }) => name)")
  return new Set(urls.flatMap((url) => /assets\/([^/]+\.js)$/.exec(url)?.[1] ?? []))
}

/** What scripts have as gzip has them, in bytes, without those that were there before. */
async function sizeOf(scripts: ReadonlySet<string>, before: ReadonlySet<string>): Promise<number> {
  const added = [...scripts].filter((name) => !before.has(name))
  const files = await Promise.all(added.map((name) => readFile(join(BUILT, `${name}.gz`))))
  return files.reduce((sum, { length }) => sum + length, 0)
}
