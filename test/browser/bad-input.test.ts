import t from 'tap'
import { NO_BROWSER } from '../support/browser.ts'
import { isAccessible, isLoaded, openConsole, prepareConsole } from '../support/console.ts'
import type { Body } from '../support/demo.ts'
import { until } from '../support/until.ts'

const CANARY = `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>{{constructor}}`
/** An override of the direction, a space that has no width, and a host with a letter of another alphabet. */
const HIDDEN = 'safe\u202Egnp.exe\u200B https://p\u0430ypal.com/in'
/** The longest text that a config may have. */
const MOST_CHARACTERS = 262_144
const MANY_CHANGES = 10_000
const MANY_PROPOSALS = 5000

// A busy machine takes its time.
t.setTimeout(600_000)

t.test('whatever others wrote', { skip: NO_BROWSER }, async (t) => {
  const { browser, server, demo, owner, staff, organization, automations, addressOf } = await prepareConsole(t)
  const propose = async (body: object): Promise<Body> => (await staff('POST', automations, body)).automation
  const addressOfReview = (id: string) => addressOf(`review/${demo.SPACE}/${id}`)

  t.test('markup is text on every page', async (t) => {
    await owner('POST', `${organization}/roles`, { name: CANARY, permissions: ['files.read'] })
    const { token } = await owner('POST', `${organization}/service-accounts`, { name: CANARY, role_ids: [] })
    t.type(token, 'string')
    const config = { cron: '0 9 * * *', channel: 'general', message: CANARY, proposal_note: CANARY }
    const { id } = await propose({ name: CANARY, description: CANARY, kind: 'scheduled', config })
    await owner('POST', `${automations}/${id}/reject`, { reason: CANARY })
    await staff('PATCH', `${automations}/${id}`, { config: { ...config, message: `${CANARY}!` } })
    const { automation } = await owner('POST', automations, {
      name: CANARY,
      kind: 'scheduled',
      status: 'active',
      config: { every: 'P1D', action: { type: 'http_request', url: 'https://hooks.invalid/', body: CANARY } },
    })
    const { run } = await owner('POST', `${automations}/${automation.id}/run`, {})
    const page = await openConsole(t, browser, addressOf('queue'), demo)
    for (const path of [
      'queue',
      `review/${demo.SPACE}/${id}`,
      'automations',
      `automations/${demo.SPACE}/${id}`,
      `automations/${demo.SPACE}/${automation.id}`,
      `runs/${demo.SPACE}/${automation.id}/${run.id}`,
      'staff',
      'policy',
      'audit',
    ]) {
      await page.goto(addressOf(path))
      await page.getByText('Log out').waitFor()
      await isLoaded(page)
      if (!/^(policy|audit|runs)/.test(path)) await page.getByText('<img src=x').first().waitFor()
      t.equal(await page.locator('img, main script').count(), 0, path)
      t.not(await page.title(), 'pwned', path)
      await isAccessible(t, page, path)
    }
  })

  t.test('what can not be seen is shown', async (t) => {
    const config = { cron: '0 9 * * *', channel: 'general', message: HIDDEN }
    const { id } = await propose({ name: `Hidden ${HIDDEN}`, kind: 'scheduled', config })
    const page = await openConsole(t, browser, addressOfReview(id), demo)
    const message = page.getByRole('row', { name: '/config/message' })
    await message.waitFor()
    t.match(await message.innerText(), 'safeU+202Egnp.exeU+200B')
    t.equal(await message.getByRole('img', { name: 'right-to-left override' }).count(), 1)
    t.match(await message.innerText(), 'xn--pypal-4ve.com')
    t.match(await page.getByRole('heading', { level: 1 }).innerText(), 'U+202E')
  })

  t.test('values are shown as they are written', async (t) => {
    const values = {
      big: '@1@',
      more: '@2@',
      text: '5',
      number: 5,
      no: 'true',
      yes: true,
      empty: '',
      'a/b~c': ' ',
    }
    const config = { cron: '0 9 * * *', channel: 'general', message: 'hi', values }
    const body = JSON.stringify({ name: 'Values', kind: 'scheduled', config })
      .replace('"@1@"', '123456789012345678901234567890')
      .replace('"@2@"', '0.1234567890123456789')
    const headers = { authorization: `Bearer ${demo.AI_TOKEN}`, 'content-type': 'application/json' }
    const made = await fetch(`${server.base}/api/v1${automations}`, { method: 'POST', headers, body })
    t.equal(made.status, 201)
    const { automation } = (await made.json()) as Body
    const page = await openConsole(t, browser, addressOfReview(automation.id), demo)
    const after = async (path: string) =>
      page
        .locator('.changes tr', { has: page.getByText(`/config/values/${path}`, { exact: true }) })
        .locator('.after')
        .innerText()
    await page.getByText('/config/values/big').waitFor()
    for (const [path, shown] of [
      ['big', '123456789012345678901234567890'],
      ['text', '"5"'],
      ['number', '5'],
      ['no', '"true"'],
      ['yes', 'true'],
      ['empty', '""'],
      ['a~1b~0c', '" "'],
    ] as const)
      t.equal(await after(path), shown, path)
    t.equal(await after('more'), '0.1234567890123456789')
    await page.keyboard.press('c')
    await page.locator('.whole').getByText('123456789012345678901234567890').waitFor()
    await staff('PATCH', `${automations}/${automation.id}`, { config: { ...config, values: 1 } })
    await page.getByText('It was changed while you looked').waitFor()
  })

  t.test('texts of almost a megabyte', async (t) => {
    const long = 'long words '.repeat(MOST_CHARACTERS / 11)
    const config = { cron: '0 9 * * *', channel: 'general', message: 'hi', a: long, b: long, c: long }
    const { id } = await propose({ name: 'Long', kind: 'scheduled', config })
    const page = await openConsole(t, browser, addressOfReview(id), demo)
    await page.locator('.decision .primary:enabled').waitFor()
    const shown = await page
      .locator('.changes')
      .evaluate((table) => (table as unknown as { textContent: string }).textContent)
    t.equal(shown.split(long.trim()).length - 1, 3, 'all of each is there')
  })

  t.test('ten thousand changes, of which none is folded', async (t) => {
    const members = (name: string, count: number, value: (i: number) => unknown) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, value(i)]))
    const body = members('part', MANY_CHANGES / 1000, () => members('key', 1000, (i) => i))
    const config = { every: 'P1D', action: { type: 'http_request', url: 'https://example.com/', body } }
    const { id } = await propose({ name: 'Many', kind: 'scheduled', config })
    const page = await openConsole(t, browser, addressOfReview(id), demo)
    await page.locator('.decision .primary:enabled').waitFor()
    t.ok((await page.locator('.changes tbody tr').count()) >= MANY_CHANGES)
    // By what it has: a role of one among so many takes long to find.
    const last = page.locator('.changes tr', {
      has: page.getByText('/config/action/body/part9/key999', { exact: true }),
    })
    await last.scrollIntoViewIfNeeded()
    t.ok(await last.isVisible())
    await last.getByRole('button').click()
    await page.getByRole('list', { name: 'Marked as wrong' }).getByText('/part9/key999').waitFor()
  })

  t.test('five thousand proposals, page by page', async (t) => {
    await owner('PATCH', `${organization}/automation-policy`, { max_pending_per_service_account: 10_000 })
    const config = { cron: '0 9 * * *', channel: 'general', message: 'hi' }
    let left = MANY_PROPOSALS
    const work = async () => {
      while (left-- > 0) await propose({ name: `Proposal ${left}`, kind: 'scheduled', config })
    }
    await Promise.all(Array.from({ length: 8 }, work))
    const page = await openConsole(t, browser, addressOf('queue?kind=scheduled'), demo)
    const rows = page.locator('.queue li')
    await rows.first().waitFor()
    t.equal(await rows.count(), 50)
    await page.getByRole('button', { name: 'Show more' }).click()
    await until(async () => (await rows.count()) === 100)
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Approve exactly this' }).waitFor()
    for (let i = 0; i < 3; i++) {
      const before = page.url()
      await page.keyboard.press('j')
      await until(async () => page.url() !== before)
    }
  })
})
