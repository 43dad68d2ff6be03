import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'
import { launchBrowser, openPage, startDemo } from './browser.ts'
import { clientOf, type DemoVariables } from './demo.ts'
import { until } from './until.ts'

const AXE = join(import.meta.dirname, '../../console/node_modules/axe-core/axe.min.js')

/** Windows of two sizes, in CSS pixels. */
export const PHONE = { width: 390, height: 844 }
export const DESK = { width: 1280, height: 900 }

/** A browser, the program with its demo workspace, and clients of it: its owner, and its AI staff. */
export async function prepareConsole(t: Test, env: Record<string, string> = {}) {
  const browser = await launchBrowser(t)
  const { server, demo } = await startDemo(t, env)
  const credentials = { email: demo.EMAIL, password: demo.PASSWORD }
  const { access_token: token } = await clientOf(server.base)('POST', '/auth/login', credentials)
  const organization = `/organizations/${demo.ORG}`
  const automations = `${organization}/spaces/${demo.SPACE}/automations`
  return {
    browser,
    server,
    demo,
    owner: clientOf(server.base, token),
    staff: clientOf(server.base, demo.AI_TOKEN),
    organization,
    automations,
    /** The address of a page of the organization. */
    addressOf: (path: string) => `${server.base}/console/${demo.ORG}/${path}`,
  }
}

/** How somebody logs in. */
type Login = Pick<DemoVariables, 'EMAIL' | 'PASSWORD'>

/** Opens a page of the console as somebody who has just logged in there. */
export async function openConsole(
  t: Test,
  browser: Browser,
  url: string,
  demo: Login,
  options: BrowserContextOptions & { isExpected?: (message: string) => boolean } = {},
): Promise<Page> {
  const page = await openPage(t, browser, url, options)
  await logIn(page, demo)
  await page.locator('.account button').waitFor()
  return page
}

/** Fills in the form, whether it is a page or a dialog. */
export async function logIn(page: Page, demo: Login, password: string = demo.PASSWORD): Promise<void> {
  await page.getByLabel('Email').fill(demo.EMAIL)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
}

/** Waits until nothing on the page says that it is still loading. */
export async function isLoaded(page: Page): Promise<void> {
  await until(async () => (await page.getByText('Loading …').count()) === 0)
}

let axe: Promise<string> | undefined

/** Fails for each thing on the page that WCAG 2.2 AA or axe's own best practices do not let pass. */
export async function isAccessible(t: Test, page: Page, name: string): Promise<void> {
  axe ??= readFile(AXE, 'utf8')
  // As a debugger would: the page itself would run no text.
  await page.evaluate(await axe)
  const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run(document)')
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
  t.same(found, [], name)
}

type Violation = { id: string; nodes: { html: string; failureSummary: string }[] }
