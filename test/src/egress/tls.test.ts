import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t from 'tap'
import { createEgress } from '../../../src/egress/guard.ts'

// For receiver.example, signed by itself, valid from 2020 to 2120; made for this test and used nowhere else.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJTCCeMuHzUNPjqlj
uVPRf4S2WbAW4fsf8Ev1OVCZ1puhRANCAASvtz349LuLPsTrf4kBU6Z2cxS8WE1w
er+gbfq3/9CBJwpMAgwxLoHdtx4QHQV2V8kA8lcv+1Yx5cDqEU+gc8Ud
-----END PRIVATE KEY-----
`
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUC9LO0vMF2HpFHTrGXz0pRSTfXLgwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQcmVjZWl2ZXIuZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8y
MTIwMDEwMTAwMDAwMFowGzEZMBcGA1UEAwwQcmVjZWl2ZXIuZXhhbXBsZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABK+3Pfj0u4s+xOt/iQFTpnZzFLxYTXB6v6Bt
+rf/0IEnCkwCDDEugd23HhAdBXZXyQDyVy/7VjHlwOoRT6BzxR2jTzBNMA8GA1Ud
EwEB/wQFMAMBAf8wGwYDVR0RBBQwEoIQcmVjZWl2ZXIuZXhhbXBsZTAdBgNVHQ4E
FgQUiIeeXYyF/b2fTrDsqb2j04z7K54wCgYIKoZIzj0EAwIDSAAwRQIhAOlmoZnV
C1Tfv/BSrv1w5eB1PPvyM0dnHPF6JhAcc67WAiBYvjSKSN8oz7vCke+a2dDN65EU
+193w21S4XgaH/y/kg==
-----END CERTIFICATE-----
`

t.test('TLS is held to the name, and to the authorities that this machine trusts', async (t) => {
  const server = createServer({ key: KEY, cert: CERTIFICATE }, ({ headers }, response) => response.end(headers.host))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const names = ['receiver.example', 'receiver.example.', 'other.example', '127.0.0.1']
  const egress = createEgress({
    allow: names.map((name) => `${name}:${port}`),
    lookup: async () => [{ address: '127.0.0.1' }],
  })
  const ask = (name: string) =>
    egress.request({ method: 'GET', url: `https://${name}:${port}/`, timeoutMs: 2000, maxBytes: 100 })

  await t.rejects(ask('receiver.example'), { code: 'tls', mayHaveBeenReceived: false }, 'an unknown authority')
  setDefaultCACertificates([...getCACertificates(), CERTIFICATE])
  for (const name of ['receiver.example', 'receiver.example.'])
    t.match(await ask(name), { status: 200, body: Buffer.from(`${name}:${port}`) }, name)
  for (const name of ['other.example', '127.0.0.1'])
    await t.rejects(ask(name), { code: 'tls', mayHaveBeenReceived: false }, `${name} is not in the certificate`)
})
