import t from 'tap'
import { createSubprocess, SubprocessLost } from '../../src/subprocess.ts'
import { until } from '../support/until.ts'

type Result = { task: string; pid: number; env: string[] }

const start = (withinMs: number, tries = 1) =>
  createSubprocess<string, Result>(new URL('../support/hostile-process.ts', import.meta.url), {
    name: 'tests',
    withinMs,
    heapMib: 64,
    tries,
  })

t.test('a process works on one task after another, and sees nothing of the environment', async (t) => {
  const subprocess = start(20_000)
  const results = await Promise.all(['a', 'b', 'c'].map(subprocess.run))
  t.same(
    results.map(({ task }) => task),
    ['a', 'b', 'c'],
  )
  t.equal(new Set(results.map(({ pid }) => pid)).size, 1)
  t.not(results[0]?.pid, process.pid)
  t.notOk(results[0]?.env.includes('TEST_DATABASE_URL'))
  subprocess.close()
  subprocess.close()
  t.equal((await subprocess.run('after')).task, 'after', 'the next task starts another')
  subprocess.close()
})

t.test('a process that is lost is replaced, and it is said what it lacked', async (t) => {
  const subprocess = start(20_000)
  const lack = (task: string) => subprocess.run(task).catch((error) => error instanceof SubprocessLost && error.lack)
  t.same(await Promise.all(['grow', 'throw', 'exit'].map(lack)), ['memory', undefined, undefined])
  t.equal((await subprocess.run('after')).task, 'after')
  subprocess.close()

  const impatient = start(1000)
  t.match(await impatient.run('loop').catch((error) => error), { lack: 'time' })
  await t.rejects(impatient.run('fill'), { name: 'SubprocessLost' }, 'where a thread could not be ended')
})

t.test('a task is tried again where something else may have ended its process', async (t) => {
  const subprocess = start(3000, 2)
  t.teardown(subprocess.close)
  const marks = t.testdir()
  for (const signal of ['SIGSTOP', 'SIGABRT', 'SIGKILL']) {
    const task = `${signal} once: ${marks}/${signal}`
    t.equal((await subprocess.run(task)).task, task)
  }
  t.match(await subprocess.run('loop').catch((error) => error), { lack: 'time' }, 'twice it is the fault of the task')
  const looping = subprocess.run('loop')
  setTimeout(subprocess.close, 500)
  await t.rejects(looping, { name: 'SubprocessLost' }, 'and none is tried again that was ended on purpose')
})

t.test('a process ends with the one that it works for, and not by a signal to the group', async (t) => {
  const subprocess = start(20_000)
  const { pid } = await subprocess.run('a')
  process.kill(pid, 'SIGINT')
  process.kill(pid, 'SIGTERM')
  t.equal((await subprocess.run('b')).pid, pid)
  process.kill(pid, 'SIGKILL')
  await until(async () => !isAlive(pid))
  t.not((await subprocess.run('c')).pid, pid, 'one that somebody has killed is replaced')
  subprocess.close()
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
