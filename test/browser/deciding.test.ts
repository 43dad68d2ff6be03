import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { NO_BROWSER } from '../support/browser.ts'
import { isAccessible, logIn, openConsole, prepareConsole } from '../support/console.ts'
import type { Body } from '../support/demo.ts'
import { until } from '../support/until.ts'

const RACES = 200
/** Of what a browser says where a login has ended, or a decision was refused. */
const isRefusal = (message: string) => /status of (401|404|409|412)/.test(message)

// A busy machine takes its time.
t.setTimeout(600_000)

t.test('people decide on exactly what they see', { skip: NO_BROWSER }, async (t) => {
  const { browser, server, demo, owner, staff, organization, automations, addressOf } = await prepareConsole(t)
  for (const { automation_id: id } of (await owner('GET', `${organization}/reviews`)).reviews)
    await owner('POST', `${automations}/${id}/reject`, {})

  const propose = async (name: string, config: object = {}): Promise<Body> => {
    const body = {
      name,
      kind: 'scheduled',
      config: { cron: '0 9 * * *', channel: 'general', message: 'hi', ...config },
    }
    return (await staff('POST', automations, body)).automation
  }
  const revise = (id: string, message: string) =>
    staff('PATCH', `${automations}/${id}`, { config: { cron: '0 9 * * *', channel: 'general', message } })
  const get = async (id: string): Promise<Body> => (await owner('GET', `${automations}/${id}`)).automation
  const addressOfReview = (id: string) => addressOf(`review/${demo.SPACE}/${id}`)
  const open = (t: Test, path: string, isExpected?: (message: string) => boolean) =>
    openConsole(t, browser, path, demo, isExpected ? { isExpected } : {})
  const approveOn = (page: Page) => page.getByRole('button', { name: 'Approve exactly this' })
  /** Once all of it is there. */
  const isReady = (page: Page) => until(() => approveOn(page).isEnabled())

  t.test('twenty proposals by keyboard alone', async (t) => {
    const names = Array.from({ length: 20 }, (_, i) => `Proposal ${i}`)
    const proposed = []
    for (const name of names) proposed.push(await propose(name))
    const page = await open(t, addressOf('queue'))
    await page.getByText('Proposal 19').waitFor()
    const press = (key: string) => page.keyboard.press(key)
    await press('j')
    await press('j')
    await press('k')
    await press('Enter')
    for (const [i, name] of names.entries()) {
      await page.getByRole('heading', { name, exact: true }).waitFor()
      if (i % 2 === 0) {
        await isReady(page)
        await press('a')
        await press('Enter')
        await page.getByText('Approved: it is active').waitFor()
      } else {
        await press('r')
        await page.keyboard.type(`not ${i}`)
        await press('Control+Enter')
        await page.getByText('Rejected. Whoever proposed it').waitFor()
      }
      await press('j')
    }
    await press('q')
    await page.getByText('Nothing waits').waitFor()
    await isAccessible(t, page, 'nothing waits')
    for (const [i, { id, digest }] of proposed.entries()) {
      const found = await get(id)
      if (i % 2 === 0) t.match(found, { status: 'active', digest })
      else t.match(found, { status: 'rejected' })
      const [revision] = (await owner('GET', `${automations}/${id}/revisions`)).revisions
      t.match(revision.decision, i % 2 === 0 ? { outcome: 'approved' } : { outcome: 'rejected', reason: `not ${i}` })
    }
  })

  t.test('keys can be turned off, and stay so', async (t) => {
    const { id } = await propose('No keys')
    const page = await open(t, addressOf('queue'))
    await page.getByText('No keys').waitFor()
    await page.keyboard.press('?')
    await page.getByLabel('Single keys do this').uncheck()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.reload()
    await page.getByText('No keys').waitFor()
    for (const key of ['j', '?', 'x']) await page.keyboard.press(key)
    t.equal(await page.getByRole('dialog').count(), 0)
    t.equal(await page.locator('.queue a:focus').count(), 0)
    await owner('POST', `${automations}/${id}/reject`, {})
  })

  t.test('a revision between look and click is never approved', async (t) => {
    const page = await open(t, addressOf('queue'), (message) => isRefusal(message) || /ERR_FAILED/.test(message))
    let approvals = 0
    const { id } = await propose('Raced', { message: 'first' })
    // Events are held back: what is on the screen stays there until the click.
    await page.route('**/events*', (route) => route.abort())
    await page.goto(addressOfReview(id))
    for (let i = 0; i < RACES; i++) {
      await isReady(page)
      const write = () => revise(id, `revision ${i}`)
      // By turns before the click, and after it, while the approval is on its way.
      if (i % 2 === 0) await write()
      else await holdApproval(page, write)
      await approveOn(page).click()
      await page.locator('.decision').getByText('digest_mismatch').waitFor()
      t.match(await page.locator('.decision .changes').innerText(), `revision ${i}`)
      if ((await get(id)).status === 'active') approvals++
      await page.getByRole('button', { name: 'Show what it is now' }).click()
    }
    t.equal(approvals, 0)
    await owner('POST', `${automations}/${id}/reject`, {})
  })

  /** Has something done after an approval has left the page, and before it reaches the server. */
  async function holdApproval(page: Page, work: () => Promise<unknown>): Promise<void> {
    await page.route(
      '**/approve',
      async (route) => {
        await work()
        await route.continue()
      },
      { times: 1 },
    )
  }

  t.test('what runs changes meanwhile: that is told, and nothing is approved that was not on the screen', async (t) => {
    const config = { cron: '0 9 * * *', channel: 'general', message: 'one' }
    const body = { name: 'Moving base', kind: 'scheduled', status: 'active', config }
    const { id } = (await owner('POST', automations, body)).automation
    await staff('PATCH', `${automations}/${id}`, { config: { ...config, message: 'two' } })
    const page = await open(t, addressOfReview(id), isRefusal)
    await isReady(page)
    const live = { cron: '30 7 * * *', channel: 'alerts', message: 'three' }
    await owner('PATCH', `${automations}/${id}`, { config: live })
    await page.getByText('It was changed while you looked').waitFor()
    t.equal(await approveOn(page).isDisabled(), true)
    await page.getByRole('button', { name: 'Show what it is now' }).click()
    t.equal(await page.evaluate('document.activeElement.tagName'), 'H1')
    await isReady(page)
    t.equal(await page.locator('.changes tbody tr').count(), 3, 'times, channel and message')
    await holdApproval(page, () => owner('PATCH', `${automations}/${id}`, { config: { ...live, channel: 'others' } }))
    await approveOn(page).click()
    await page.locator('.decision').getByText('digest_mismatch').waitFor()
    t.match((await get(id)).config, { ...live, channel: 'others' })
    await owner('DELETE', `${automations}/${id}`)
  })

  t.test('a second press sends nothing', async (t) => {
    const [one, two] = [await propose('Pressed twice'), await propose('Entered twice')]
    const page = await open(t, addressOfReview(one.id))
    let sent = 0
    page.on('request', (request) => {
      if (request.method() === 'POST' && /approve|reject/.test(request.url())) sent++
    })
    await isReady(page)
    await approveOn(page).dblclick()
    await page.getByText('Approved: it is active').waitFor()
    await page.goto(addressOfReview(two.id))
    await isReady(page)
    await page.keyboard.press('a')
    for (let i = 0; i < 4; i++) await page.keyboard.press('Enter')
    await page.getByText('Approved: it is active').waitFor()
    t.equal(sent, 2)
    for (const { id } of [one, two]) await owner('DELETE', `${automations}/${id}`)
  })

  t.test('another tab in which somebody else logs in begins anew', async (t) => {
    const { id } = await propose('Whose is it')
    const account = { email: 'other@demo.example', password: 'another password' }
    const { role } = await owner('POST', `${organization}/roles`, {
      name: 'Editor',
      permissions: ['files.read', 'files.write'],
    })
    const { token } = await owner('POST', `${organization}/invites`, {})
    const joined = await fetch(`${server.base}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...account, name: 'Somebody else', invite_token: token }),
    })
    t.equal(joined.status, 201)
    const { members } = await owner('GET', `${organization}/members`)
    const member = members.find((each: Body) => each.display_name === 'Somebody else')
    await owner('PUT', `${organization}/members/${member.user_id}/roles`, { role_ids: [role.id] })
    const page = await open(t, addressOfReview(id))
    await isReady(page)
    const other = await page.context().newPage()
    await other.goto(addressOf('queue'))
    await other.getByRole('button', { name: 'Log out' }).click()
    await logIn(other, { EMAIL: account.email, PASSWORD: account.password })
    await other.getByText('Somebody else').waitFor()
    await page.getByText('Somebody else').waitFor()
    t.equal(
      await page.evaluate("sessionStorage.getItem('hyperspeed.opened')"),
      null,
      'what the other had opened is forgotten',
    )
    await owner('POST', `${automations}/${id}/reject`, {})
  })

  t.test('what changes meanwhile is told, and what was typed stays', async (t) => {
    const { id } = await propose('Changing', { message: 'the first text of it' })
    const page = await open(t, addressOfReview(id))
    await isReady(page)
    await page.getByLabel('Why not').fill('because of this')
    await page.getByRole('row', { name: '/config/message' }).getByRole('button', { name: 'Mark as wrong' }).click()
    await revise(id, 'the second text of it')
    await page.getByText('It was changed while you looked').waitFor()
    t.equal(await approveOn(page).isDisabled(), true)
    t.match(await page.locator('.changes').innerText(), 'the first text')
    await page.getByRole('button', { name: 'Show what it is now' }).click()
    await page.getByText('the second text').first().waitFor()
    t.equal(await page.getByLabel('Why not').inputValue(), 'because of this')
    await page.getByLabel('A code').fill('too_early')
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('Rejected. Whoever').waitFor()
    const [{ decision }] = (await owner('GET', `${automations}/${id}/revisions`)).revisions
    t.match(decision, { reason: 'because of this', code: 'too_early', paths: ['/config/message'] })
  })

  t.test('decided, deleted or out of reach while it is open', async (t) => {
    const [one, other] = [await propose('Decided elsewhere'), await propose('Deleted elsewhere')]
    const page = await open(t, addressOfReview(one.id), isRefusal)
    await isReady(page)
    await owner('POST', `${automations}/${one.id}/reject`, { reason: 'by somebody else' })
    await page.getByText('It does not wait any more').waitFor()
    await page.getByText('by somebody else').waitFor()
    t.equal(await approveOn(page).isDisabled(), true)
    await page.goto(addressOfReview(other.id))
    await isReady(page)
    await owner('DELETE', `${automations}/${other.id}`)
    await page.getByText('It does not wait any more').waitFor()
    await page.goto(addressOfReview(one.id))
    await page.getByText('It does not wait any more').waitFor()
    await isAccessible(t, page, 'what is decided')
  })

  t.test('a login that ends in the middle of a decision', async (t) => {
    const { id, digest } = await propose('Log in again')
    const page = await open(t, addressOfReview(id), isRefusal)
    await isReady(page)
    await page.getByLabel('Why not').fill('typed before')
    await page.context().clearCookies()
    await approveOn(page).click()
    await page.getByRole('dialog', { name: 'Log in again' }).waitFor()
    await isAccessible(t, page, 'the dialog that asks for a login')
    await logIn(page, demo)
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    t.equal(await page.getByLabel('Why not').inputValue(), 'typed before')
    t.equal((await get(id)).status, 'pending_approval', 'nothing is sent again by itself')
    await isReady(page)
    await approveOn(page).click()
    await page.getByText('Approved: it is active').waitFor()
    t.match(await get(id), { status: 'active', digest })
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused: nothing of it runs').waitFor()
    t.equal((await get(id)).status, 'paused')
  })

  t.test('several at once: approves what was opened, rejects with one reason', async (t) => {
    const proposed: Body[] = []
    for (const name of ['One', 'Two', 'Three', 'Four']) proposed.push(await propose(name))
    const page = await open(t, addressOf('queue'), isRefusal)
    for (const { id } of proposed.slice(0, 2)) {
      await page.goto(addressOfReview(id))
      await isReady(page)
    }
    await page.keyboard.press('q')
    await page.getByLabel('Select One').check()
    await page.getByLabel('Select Two').check()
    await page.getByLabel('Select Three').check()
    t.match(await page.locator('.bulk').innerText(), /What you did not open/)
    await isAccessible(t, page, 'some are selected')
    const [one, two, three, four] = proposed as [Body, Body, Body, Body]
    await page.route('**/approve', async (route) => {
      if (route.request().url().includes(two.id)) await revise(two.id, 'changed at the last moment')
      await route.continue()
    })
    await page.getByRole('button', { name: 'Approve the 2 that you opened' }).click()
    await page.getByText('One: approved').waitFor()
    t.match(await page.locator('.bulk').innerText(), /Two: .*(digest|changed)/i)
    const statuses = async () => (await Promise.all(proposed.map(({ id }) => get(id)))).map(({ status }) => status)
    t.same(await statuses(), ['active', 'pending_approval', 'pending_approval', 'pending_approval'])
    await page.getByText('Three').waitFor()
    for (const name of ['Two', 'Three', 'Four']) await page.getByLabel(`Select ${name}`).check()
    await page.getByRole('button', { name: 'Reject …' }).click()
    await page.getByLabel('Why not').fill('not this week')
    await isAccessible(t, page, 'the dialog that rejects several')
    await page.getByRole('button', { name: 'Reject all of them' }).click()
    await page.getByText('Four: rejected').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    t.same(await statuses(), ['active', 'rejected', 'rejected', 'rejected'])
    for (const { id } of [two, three, four]) {
      const [{ decision }] = (await owner('GET', `${automations}/${id}/revisions`)).revisions
      t.equal(decision.reason, 'not this week')
    }
    t.equal((await get(one.id)).digest, one.digest)
  })

  t.test('two tabs, one of which logs out', async (t) => {
    const { id } = await propose('In two tabs')
    const page = await open(t, addressOfReview(id), isRefusal)
    await isReady(page)
    const other = await page.context().newPage()
    await other.goto(addressOf('queue'))
    await other.getByText('In two tabs').waitFor()
    await other.getByRole('button', { name: 'Log out' }).click()
    await other.getByLabel('Password').waitFor()
    await page.getByRole('dialog', { name: 'Log in again' }).waitFor()
    t.equal((await get(id)).status, 'pending_approval')
    await owner('POST', `${automations}/${id}/reject`, {})
  })

  t.test('what comes while a queue is open shows by itself', async (t) => {
    const page = await open(t, addressOf('queue'))
    await page.getByText('Nothing waits').waitFor()
    const { id } = await propose('New arrival')
    await page.getByText('New arrival').waitFor()
    await owner('POST', `${automations}/${id}/reject`, {})
    await page.getByText('Nothing waits').waitFor()
  })

  t.test('a stream that says nothing for too long is made anew, and what is shown is read anew', async (t) => {
    const page = await open(t, addressOf('queue'))
    await page.clock.install()
    await page.reload()
    await page.getByText('Live', { exact: true }).waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname.split('/').at(-1) ?? ''))
    await page.clock.fastForward(61_000)
    await until(async () => asked.includes('events') && asked.includes('reviews'))
    await page.getByText('Live', { exact: true }).waitFor()
  })

  t.test('the server goes away, and comes back', async (t) => {
    const { id } = await propose('Away')
    const isExpected = (message: string) => /ERR_INTERNET_DISCONNECTED|net::|status of/.test(message)
    const page = await open(t, addressOfReview(id), isExpected)
    await isReady(page)
    await page.getByLabel('Why not').fill('kept')
    await page.context().setOffline(true)
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('The server can’t be reached').first().waitFor()
    t.equal(await page.getByLabel('Why not').inputValue(), 'kept')
    await page.context().setOffline(false)
    t.equal((await get(id)).status, 'pending_approval')
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('Rejected. Whoever').waitFor()
    t.equal((await get(id)).status, 'rejected')
  })

  t.equal(server.child.exitCode, null, 'the server lives')
})
