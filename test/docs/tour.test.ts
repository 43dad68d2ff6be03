import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { freePort } from '../../db/free-port.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The shell of a page, block by block. */
async function blocksOf(page: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
}

/** The port on which a page has something listen, and one that is free here. */
const PORT_IN_PAGES = '9009'

/** Runs the blocks in one shell, as somebody would paste them. @returns what each printed. */
async function play(blocks: string[], exports: string): Promise<string[]> {
  const mark = '---8<---'
  const script = ['set -euo pipefail', exports, ...blocks.flatMap((block) => [block, `echo; echo '${mark}'`])].join(
    '\n',
  )
  const { stdout } = await promisify(execFile)('bash', ['-c', script])
  return stdout.split(`${mark}\n`).map((part) => part.trim())
}

/** What was said in the rooms of the demo space. */
const SAID = `
TOKEN=$(curl -s "$HS/api/v1/auth/login" -H 'content-type: application/json' \
  -d "{\\"email\\":\\"$EMAIL\\",\\"password\\":\\"$PASSWORD\\"}" | sed -E 's/.*"access_token":"([^"]+)".*/\\1/')
ROOMS="$HS/api/v1/organizations/$ORG/spaces/$SPACE/chat-rooms"
ROOM=$(curl -s "$ROOMS" -H "Authorization: Bearer $TOKEN" | sed -E 's/.*"chat_rooms":\\[\\{"id":"([^"]+)".*/\\1/')
curl -s "$ROOMS/$ROOM/messages" -H "Authorization: Bearer $TOKEN"`

t.test('the tours work as they are printed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-tour-'))
  const port = String(await freePort())
  const server = await startServer(t, { DATA_DIR: folder, EGRESS_ALLOW: `127.0.0.1:${port}` })
  t.teardown(async () => {
    server.child.kill('SIGTERM')
    await server.exited
    await rm(folder, { recursive: true, force: true })
  })
  await until(async () => server.output.some((line) => line.includes('Evening summary'))) // the last line of it
  const printed = server.output.join('\n')
  const exports = /^export .*$/m.exec(printed)?.[0] ?? ''

  await t.test('npm start prints a demo workspace and three requests to copy', async (t) => {
    const copied = printed.slice(printed.indexOf('\nexport ')).split('\n{')[0] ?? ''
    t.equal(copied.match(/curl/g)?.length, 3)
    const { stdout } = await promisify(execFile)('bash', ['-c', `set -euo pipefail\n${copied}`])
    const kinds = new Set(stdout.match(/"kind":"\w+"/g))
    t.equal(kinds.size, 4, 'automations of every kind')
    for (const status of ['draft', 'pending_approval', 'active', 'paused', 'rejected'])
      t.match(stdout, `"status":"${status}"`)
  })

  await t.test('the tour of the README', async (t) => {
    const [list, created, proposed, forbidden, approved, cleaned] = await play(await blocksOf('README.md'), exports)
    t.match(list, /^\{"automations":\[\{/)
    t.match(created, /"name":"Weekly digest".*"status":"active"/)
    t.match(proposed, /"proposal_note":"People asked for it in the stand-up\."\},"status":"pending_approval"/)
    t.match(forbidden, /"code":"service_account_status"/)
    t.match(approved, /"reviews":\[/)
    t.match(approved, /"status":"active".*"reviewed_by_user_id":"/)
    t.match(cleaned, /"next_cursor":[^\n]*204$/)
  })

  await t.test('the walk of docs/review.md', async (t) => {
    const output = await play(await blocksOf('docs/review.md'), exports)
    const [, , queue, rejected, known, refused, approved, changed, withdrawn, log] = output
    t.match(queue, /"name":"Morning summary".*"note":"So that nobody starts the day blind\."/)
    t.match(rejected, /"status":"rejected".*"too_early".*"status":"pending_approval"/s)
    t.match(known, /"decision":\{"outcome":"rejected".*"code":"too_early"/)
    t.match(refused, /"code":"digest_required".*"code":"digest_mismatch"/s)
    t.match(approved, /"path":"\/config\/cron".*"status":"active"/s)
    t.match(changed, /"name":"Morning summary, weekdays".*"status":"active".*"pending_revision":null/)
    t.match(withdrawn, /"name":"Morning summary, weekdays".*"pending_revision":null/)
    for (const action of ['created', 'rejected', 'approved'].map((each) => `automation.${each}`)) t.match(log, action)
    for (const action of ['submitted', 'withdrawn'].map((each) => `proposal.${each}`)) t.match(log, action)
  })

  await t.test('the runs of docs/runs.md', async (t) => {
    const blocks = await blocksOf('docs/runs.md')
    const here = blocks.map((block) => block.replaceAll(PORT_IN_PAGES, port))
    t.notSame(here, blocks)
    const [, tried, charged, resolved] = await play(here, exports)
    t.match(tried, /"status":"succeeded".*"input":\{"event":\{"type":"invoice\.paid","body":\{"customer":"Ada"\}\}\}/)
    t.match(charged, /"status":"unknown".*"sent_at":"2.*"output":\{"request":\{"type":"http_request"/)
    t.match(resolved, /"code":"run_unresolved".*"status":"succeeded".*"external_ref":"ch_3NG8Du2eZvKYlo2C1a2b3c4d"/s)
    const [said = ''] = await play([SAID], exports)
    t.match(said, 'Ada paid, or so they say')
  })

  await t.test('the secret of docs/http-requests.md', async (t) => {
    const [, set = '', replaced = ''] = await play(await blocksOf('docs/http-requests.md'), exports)
    t.match(
      set,
      /secret \\"shop_key\\" is not there.*"version":1,"state":"in_use".*"authorization":"•••".*"status":"active"/s,
    )
    t.match(
      replaced,
      /"secret":\{[^}]*"version":2.*"secrets":\[\{"name":"shop_key","version":2,"state":"in_use"[^\]]*\].*204$/s,
    )
    for (const output of [set, replaced]) t.notMatch(output, 'sk_live')
  })

  await t.test('the recipes of docs/webhooks.md', async (t) => {
    const output = await play(await blocksOf('docs/webhooks.md'), exports)
    const [, github, stripe, slack, standard, hmac, token, replayed] = output
    for (const sent of [github, stripe, slack, standard, hmac, token])
      t.match(sent, /\{"event_id":"[^"]+","run_id":"[^"]+","duplicate":false\}$/)
    t.match(slack, /\{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY"\}/)
    t.match(
      replayed,
      /"type":"Pipeline Hook","status":"accepted".*"run_id":"[^"]+"\}\{"replayed":1,"next_cursor":null\}$/s,
    )
    const room = await until(async () => {
      const said = await play([SAID], exports)
      return said[0]?.includes('GitLab: Pipeline Hook') ? said[0] : undefined
    })
    for (const text of [
      'ada pushed to main',
      'Paid: 42 EUR',
      'Slack says: hello',
      'user.created came in',
      'order.created: 12',
    ])
      t.match(room, text)
  })

  await t.test('the tunnel of docs/tunnels.md', async (t) => {
    const [walk = ''] = await blocksOf('docs/tunnels.md')
    const visitors = /Tunnels listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(server.output.join('\n'))?.[1] ?? ''
    const command = walk.replace('npx hyperspeed', 'node bin/hyperspeed.ts')
    t.not(command, walk)
    const here = command.replaceAll('3000', String(await freePort())).replaceAll('8081', visitors)
    // What it leaves running ends with the shell.
    const [tour = ''] = await blocksOf('README.md')
    const [, served] = await play([tour, `trap 'kill $(jobs -p)' EXIT\n${here}`], exports)
    t.match(served, /^hello from \/demo\/one$/m)
  })
})
