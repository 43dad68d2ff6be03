// A Bluesky server on loopback, with a directory of accounts in memory, for as long as its standard input is open. It writes one
// line of JSON once it listens: where it is, and an account there with an app password.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { envToCfg, envToSecrets, PDS } from '@atproto/pds'
import { Database, PlcServer } from '@did-plc/server'

const HANDLE = 'ada.test'
const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-bluesky-'))
const [plcPort, port] = [await freePort(), await freePort()]
const plc = PlcServer.create({ db: Database.mock(), port: plcPort })
await plc.start()
const environment = {
  devMode: true,
  disableSsrfProtection: true,
  port,
  hostname: 'localhost',
  dataDirectory: folder,
  blobstoreDiskLocation: join(folder, 'blobs'),
  didPlcUrl: `http://localhost:${plcPort}`,
  bskyAppViewUrl: 'http://localhost:1',
  bskyAppViewDid: 'did:web:localhost%3A1',
  adminPassword: randomBytes(16).toString('hex'),
  jwtSecret: randomBytes(16).toString('hex'),
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
  serviceHandleDomains: ['.test'],
  inviteRequired: false,
  rateLimitsEnabled: true,
}
const server = await PDS.create(envToCfg(environment), envToSecrets(environment))
await server.start()

const password = randomBytes(16).toString('hex')
const { did, accessJwt } = await ask('com.atproto.server.createAccount', {
  email: 'ada@ada.test',
  handle: HANDLE,
  password,
})
const app = await ask('com.atproto.server.createAppPassword', { name: 'tests' }, accessJwt)
console.log(
  JSON.stringify({ base: `http://localhost:${port}`, handle: HANDLE, did, accessJwt, appPassword: app.password }),
)

process.stdin.resume().on('end', async () => {
  await server.destroy()
  await plc.destroy()
  await rm(folder, { recursive: true, force: true })
  process.exit()
})

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port: found } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return found
}

async function ask(method, body, token) {
  const response = await fetch(`http://localhost:${port}/xrpc/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`)
  return response.json()
}
