import { existsSync, writeFileSync } from 'node:fs'
import { answerTasks } from '../../src/subprocess.ts'

// Does what its tasks say, and answers the others.
answerTasks((task: string) => {
  if (task === 'loop') for (;;);
  if (task === 'fill') for (const all: unknown[] = []; ; ) all.push(new Array(1000).fill(task))
  if (task === 'grow') for (const all: unknown[] = []; ; ) all.push({ task, n: [all.length] })
  if (task === 'throw') throw new Error('broken')
  if (task === 'exit') process.exit(0)
  const [, signal, mark = ''] = /^(SIG\w+) once: (.*)/.exec(task) ?? []
  if (signal !== undefined && !existsSync(mark)) {
    writeFileSync(mark, '')
    process.kill(process.pid, signal)
    for (;;);
  }
  return { task, pid: process.pid, env: Object.keys(process.env) }
})
