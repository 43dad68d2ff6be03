import t from 'tap'
import { KINDS } from '../../src/kinds/index.ts'
import { createKinds } from '../../src/kinds/registry.ts'
import { emptyApp } from '../support/app.ts'
import { launchBrowser, NO_BROWSER } from '../support/browser.ts'
import { isAccessible, isLoaded, openConsole } from '../support/console.ts'
import { clientOf } from '../support/demo.ts'
import { echo } from '../support/fifth-kind/index.ts'

const ACCOUNT = { email: 'ada@example.com', password: 'correct horse battery' }

// A busy machine takes its time.
t.setTimeout(300_000)

t.test('a fifth kind shows on every page, without an edit of the console', { skip: NO_BROWSER }, async (t) => {
  const { app } = await emptyApp(t, {}, { kinds: createKinds([...KINDS.list, echo]) })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launchBrowser(t)
  const registered = await clientOf(base)('POST', '/auth/register', { ...ACCOUNT, organization_name: 'Engines' })
  const owner = clientOf(base, registered.access_token)
  const { organizations } = await owner('GET', '/organizations')
  const organization = `/organizations/${organizations[0].id}`
  const { id: space } = await owner('POST', `${organization}/spaces`, { name: 'Space' })
  const { role } = await owner('POST', `${organization}/roles`, {
    name: 'AI',
    permissions: ['files.read', 'files.write'],
  })
  const account = await owner('POST', `${organization}/service-accounts`, { name: 'AI', role_ids: [role.id] })
  const automations = `${organization}/spaces/${space}/automations`
  const addressOf = (path: string) => `${base}/console/${organizations[0].id}/${path}`
  const logins = { EMAIL: ACCOUNT.email, PASSWORD: ACCOUNT.password }
  const page = await openConsole(t, browser, addressOf(`automations/${space}/new`), logins)

  await page.getByRole('link', { name: 'Echo: begin with an example' }).click()
  t.equal(await page.getByLabel('Greeting', { exact: true }).inputValue(), 'Hello')
  await page.getByLabel('Cron', { exact: true }).fill('0 9 * * *')
  await page.getByLabel('Status').selectOption('active')
  await page.getByText('The next 10 runs').waitFor()
  await isAccessible(t, page, 'its form')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('heading', { name: 'Greetings' }).waitFor()
  await isLoaded(page)
  await isAccessible(t, page, 'its page')
  const id = new URL(page.url()).pathname.split('/').at(-1)
  t.match(await owner('GET', `${automations}/${id}`), {
    automation: { kind: 'echo', status: 'active', config: { greeting: 'Hello', cron: '0 9 * * *' } },
  })

  const staff = clientOf(base, account.token)
  const proposal = { name: 'Proposed', kind: 'echo', config: { greeting: 'Boo' } }
  const proposed = (await staff('POST', automations, proposal)).automation
  await page.goto(addressOf('queue?kind=echo'))
  await page.getByRole('link', { name: 'Proposed' }).click()
  await page.getByText('it frightens people').waitFor()
  await page.locator('.decision .primary:enabled').click()
  await page.getByText('Approved: it is active').waitFor()
  t.match(await owner('GET', `${automations}/${proposed.id}`), { automation: { status: 'active' } })
  await page.goto(addressOf('policy'))
  await page.getByLabel('echo').waitFor()
})
