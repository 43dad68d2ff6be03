import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { runProgram } from '../support/server.ts'

t.test('a port that is taken is one line, and the demo workspace is not lost with it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-port-'))
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  t.teardown(async () => {
    taken.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { port } = taken.address() as { port: number }
  const { code, stdout, stderr } = await runProgram(['serve'], { DATA_DIR: folder, PORT: `${port}`, LOG_LEVEL: 'warn' })
  t.equal(code, 1)
  // Where only root may enter the checkout, a line before it says where Postgres's programs are.
  t.match(stderr, /^(hyperspeed: Postgres runs as .*\n)?hyperspeed: listen EADDRINUSE: .*\n$/)
  t.match(stdout, /password {4}\S+/)
})
