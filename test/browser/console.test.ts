import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Response } from 'playwright-core'
import t from 'tap'
import { NO_BROWSER, openPage } from '../support/browser.ts'
import { isAccessible, logIn, openConsole, prepareConsole } from '../support/console.ts'
import { proxyUnder } from '../support/proxy.ts'

const BUILT = join(import.meta.dirname, '../../console/dist')
/** What the first page may bring along, in bytes of script as gzip has them. */
const MAX_FIRST_SCRIPT = 170_000
const MAX_FIRST_REQUESTS = 6

// A busy machine takes its time.
t.setTimeout(300_000)

t.test('the console in Chromium', { skip: NO_BROWSER }, async (t) => {
  const { browser, server, demo, owner, organization, addressOf } = await prepareConsole(t)
  const { reviews } = await owner('GET', `${organization}/reviews`)

  t.test('the page of whoever is not logged in, and the dialogs', async (t) => {
    const page = await openPage(t, browser, `${server.base}/`)
    await page.getByRole('heading', { name: 'Hyperspeed Automations' }).waitFor()
    t.equal(new URL(page.url()).pathname, '/console')
    await isAccessible(t, page, 'login')
    await logIn(page, demo)
    await page.getByRole('heading', { name: 'Waiting for a decision' }).waitFor()
    t.match(new URL(page.url()).pathname, `/console/${demo.ORG}/queue`, 'it leads to the queue')
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await isAccessible(t, page, 'keys')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Password').waitFor()
    await page.goBack()
    await page.getByLabel('Password').waitFor()
  })

  t.test('a wrong password is told', async (t) => {
    const isExpected = (message: string) => /status of 401/.test(message)
    const page = await openPage(t, browser, `${server.base}/console`, { isExpected })
    await logIn(page, demo, 'not the password')
    t.match(await page.getByRole('alert').innerText(), /Invalid credentials/)
    t.equal(await page.getByLabel('Email').inputValue(), demo.EMAIL, 'what was typed stays')
  })

  t.test('the first view is small, and asks little', async (t) => {
    const page = await openConsole(t, browser, addressOf('queue'), demo)
    const answers: Response[] = []
    page.on('response', (response) => answers.push(response))
    await page.reload()
    await page.getByText(reviews[0].name).waitFor()
    await page.waitForTimeout(500)
    const asked = answers.filter((each) => each.url().includes('/api/')).map((each) => new URL(each.url()).pathname)
    t.ok(asked.length > 0 && asked.length <= MAX_FIRST_REQUESTS, asked.join('\n'))
    const bytes = await sizeOf(answers)
    t.ok(bytes > 0 && bytes <= MAX_FIRST_SCRIPT, `${bytes} bytes of script`)
    t.comment(`the first view: ${bytes} bytes of script as gzip has them, ${asked.length} requests`)
  })

  t.test('no script of another page reaches what the login keeps', async (t) => {
    const page = await openConsole(t, browser, addressOf('queue'), demo)
    t.equal(await page.evaluate('document.cookie'), '')
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])')
    t.notMatch(kept, /con_|sa_|eyJ/)
    const [cookie] = await page.context().cookies()
    t.match(cookie, { name: '__Host-hyperspeed', httpOnly: true, secure: true, sameSite: 'Strict', path: '/' })
  })

  t.test('a proxy may serve it under a path', async (t) => {
    const proxy = await proxyUnder(t, '/auto')
    const other = await prepareConsole(t, { PUBLIC_URL: proxy.url })
    proxy.forwardTo(other.server.base)
    const page = await openConsole(t, other.browser, `${proxy.url}/`, other.demo)
    for (const name of ['Automations', 'Queue']) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()
      await page
        .getByText(name === 'Queue' ? 'Waiting for a decision' : 'Weekly digest')
        .first()
        .waitFor()
      t.match(page.url(), `${proxy.url}/console/`)
    }
    await page.reload()
    await page.getByText('Waiting for a decision').waitFor()
  })

  t.test('without script, it says so', async (t) => {
    const page = await openPage(t, browser, `${server.base}/console`, { javaScriptEnabled: false })
    // Chromium's own style hides it where script is off for the sake of a test alone.
    const said = page.locator('noscript p')
    t.match(await said.textContent(), /needs JavaScript/)
    const link = await said.locator('a').evaluate((a) => (a as unknown as { href: string }).href)
    t.equal((await fetch(link)).url, `${server.base}/docs`)
  })

  t.test('where browsers keep no login, it says so', async (t) => {
    // By this name it is reached on loopback, too, but browsers take it for none of loopback's.
    const base = server.base.replace('127.0.0.1', '0.0.0.0')
    const isExpected = (message: string) => /Cross-Origin-Opener-Policy|Origin-Agent-Cluster/.test(message)
    const page = await openPage(t, browser, `${base}/console`, { isExpected })
    await page.getByText('Browsers keep logins for HTTPS alone').waitFor()
  })
})

/** What scripts among the answers have as gzip has them, in bytes. */
async function sizeOf(answers: readonly Response[]): Promise<number> {
  const scripts = answers.map((each) => new URL(each.url()).pathname).filter((path) => path.endsWith('.js'))
  const sizes = await Promise.all(
    scripts.map(async (path) => (await readFile(join(BUILT, `${path.replace('/console/', '')}.gz`))).length),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
