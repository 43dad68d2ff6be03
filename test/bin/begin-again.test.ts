import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'

const MODULE = new URL('../../bin/begin-again.ts', import.meta.url)
/** Says what it began with, once it goes on. */
const PROGRAM = `
import { beginAgain } from ${JSON.stringify(MODULE)}
beginAgain(process.env)
const { execArgv, env: { NODE_COMPILE_CACHE: compiled, MALLOC_ARENA_MAX: arenas }, pid } = process
const said = { execArgv, compiled, arenas, pid, argv: process.argv.slice(2) }
/* more */
console.log(JSON.stringify(said))
process.disconnect?.()
`
const ARGS = ['an argument', '--flag']
const SETTINGS = [
  '--no-allocation-site-pretenuring',
  '--max-semi-space-size=8',
  '--heap-growing-percent=40',
  '--expose-gc',
]
const cantBegin = process.platform === 'win32' && 'Windows puts no program into the place of another'

/** `more` is what it does before that. */
type Options = { flags?: string[]; env?: Record<string, string>; talks?: boolean; more?: string }

/** What a process says that began with this. It ends well, and is the one that was started. */
async function begin(t: Test, { flags = [], env = {}, talks = false, more = '' }: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-begin-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const program = join(folder, 'program.mjs')
  await writeFile(
    program,
    PROGRAM.replace('/* more */', () => more),
  )
  const child = spawn(process.execPath, [...flags, program, ...ARGS], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit', ...(talks ? (['ipc'] as const) : [])],
  })
  if (child.stdout === null) throw new Error('it has no output')
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  t.equal(code, 0)
  const { pid, argv, ...rest } = JSON.parse(said)
  t.equal(pid, child.pid)
  t.same(argv, ARGS)
  return rest
}

t.test('a server begins again with its settings', { skip: cantBegin }, async (t) => {
  t.match(await begin(t), { execArgv: SETTINGS, arenas: '1', compiled: /\.cache.compiled$/ })
})

t.test('what its operator has set stays', { skip: cantBegin }, async (t) => {
  const larger = await begin(t, {
    flags: ['--max_semi_space_size=32'],
    env: { MALLOC_ARENA_MAX: '7', NODE_COMPILE_CACHE: '/tmp/elsewhere' },
  })
  const [pretenuring, , growing, collecting] = SETTINGS
  const execArgv = ['--max_semi_space_size=32', pretenuring, growing, collecting]
  t.same(larger, { execArgv, arenas: '7', compiled: '/tmp/elsewhere' })
  const flags = ['--allocation-site-pretenuring', '--heap-growing-percent=80', '--no-expose-gc']
  const all = await begin(t, { flags, env: { NODE_OPTIONS: '--max-semi-space-size=16' } })
  t.same(all, { execArgv: flags }, 'there is nothing to begin again for')
})

t.test('under a parent that talks to it, a server goes on as it began', async (t) => {
  t.same(await begin(t, { talks: true }), { execArgv: [] })
})

t.test('it lets go of what only starting has needed', { skip: cantBegin }, async (t) => {
  const left = await begin(t, {
    more: `
      const { collectWhatStartingLeft } = await import(${JSON.stringify(MODULE)})
      let used = new Array(100_000).fill({})
      const held = { it: used }
      const [kept, gone] = [new WeakRef(held), new WeakRef(used.map((each) => ({ ...each })))]
      await new Promise(setImmediate)
      await collectWhatStartingLeft()
      said.isKept = kept.deref() === held
      said.isGone = gone.deref() === undefined
    `,
  })
  t.match(left, { isKept: true, isGone: true })
  const off = await begin(t, {
    flags: ['--no-expose-gc'],
    more: `await (await import(${JSON.stringify(MODULE)})).collectWhatStartingLeft()`,
  })
  t.match(off.execArgv, ['--no-expose-gc'], 'or does without')
})
