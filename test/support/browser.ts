import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { type DemoVariables, demoVariables } from './demo.ts'
import { type RunningServer, startServer } from './server.ts'

/** Debian's; tests ask for no browser of their own. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic']

/** Whether tests in a browser are left out, and why. */
export const NO_BROWSER = CHROMIUM ? false : 'Chromium is not installed'

/** Starts Chromium, which is closed at the test's end. */
export async function launchBrowser(t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM ?? '',
    args: ['--no-sandbox', '--no-first-run', '--disable-gpu', ...QUIET],
  })
  t.teardown(() => browser.close())
  return browser
}

/** The real program with its demo workspace, in a folder of its own. */
export async function startDemo(
  t: Test,
  env: Record<string, string> = {},
): Promise<{ server: RunningServer; demo: DemoVariables }> {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-browser-'))
  const server = await startServer(t, { DATA_DIR: folder, ...env })
  t.teardown(async () => {
    server.child.kill('SIGTERM')
    await server.exited
    await rm(folder, { recursive: true, force: true })
  })
  return { server, demo: await demoVariables(server.output) }
}

/**
 * Opens a page of a server, in a window of its own. The test fails for whatever a visitor would find in the browser's console, and for each
 * request that leaves for elsewhere.
 *
 * @param isExpected messages that are meant to be there.
 */
export async function openPage(
  t: Test,
  browser: Browser,
  url: string,
  { isExpected = () => false, ...options }: BrowserContextOptions & { isExpected?: (message: string) => boolean } = {},
): Promise<Page> {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  const { origin } = new URL(url)
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:'))
      t.fail(`a request leaves for ${request.url()}`)
  })
  page.on('console', (message) => {
    if (!isExpected(message.text())) t.fail(`console: ${message.type()} ${message.text()}, ${message.location().url}`)
  })
  page.on('pageerror', (error) => t.fail(`page error: ${error.message}`))
  await page.goto(url)
  return page
}
