import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { createDb } from '../../db/client.ts'
import { isUnavailable } from '../../db/failures.ts'

/** A message of the PostgreSQL protocol: its type, the length of what follows, and that. */
function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

t.test(
  'a server that hangs up in the same packet as it lets us in ends the transaction, not the process',
  async (t) => {
    const authenticationOk = message('R', Buffer.alloc(4))
    const readyForQuery = message('Z', Buffer.from('I'))
    const shutDown = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'))
    const server = createServer((socket) => {
      socket.once('data', () => socket.end(Buffer.concat([authenticationOk, readyForQuery, shutDown])))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const db = createDb(`postgres://somebody:x@127.0.0.1:${port}/nothing`)
    t.teardown(async () => {
      await db.destroy()
      server.close()
    })
    const error = await db
      .transaction()
      .execute(async () => {})
      .catch((each: unknown) => each)
    t.ok(isUnavailable(error), String(error))
  },
)
