import { wireActions } from '../../bin/actions.ts'
import { createDb } from '../../db/client.ts'
import type { Actions, RunContext } from '../../src/actions/index.ts'
import { createExecutor } from '../../src/engine/executor.ts'
import { KINDS } from '../../src/kinds/index.ts'
import type { RunJob } from '../../src/runs/queue.ts'
import { createCipher } from '../../src/secrets/cipher.ts'
import { SOCIAL_NETWORKS } from '../../src/social/index.ts'

/** Where a worker ends that runs one run: before what is to be sent is noted, before it is sent, or before the end is written. */
export type Stage = 'before it is noted' | 'before it is sent' | 'before its answer' | 'before its end'

export type Posting = { databaseUrl: string; base: string; egressAllow: string[]; job: RunJob; stage: Stage }

// Runs one run, and is killed at a place of it. What ends it before its answer is the network, which has taken the post by then.
const { databaseUrl, base, egressAllow, job, stage }: Posting = JSON.parse(process.argv[2] ?? '')
const db = createDb(databaseUrl)
const cipher = createCipher(new Map([['k1', Buffer.alloc(32, 7)]]))
const social = { ...SOCIAL_NETWORKS, xBase: base, linkedInBase: base }
const { actions } = wireActions(db, cipher, { egressAllow, social })

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

const run: Actions['run'] = async (config, context) => {
  const sending: RunContext['sending'] = async (...what) => {
    if (stage === 'before it is noted') die()
    await context.sending(...what)
    if (stage === 'before it is sent') die()
  }
  const result = await actions.run(config, { ...context, sending })
  return stage === 'before its end' ? die() : result
}

const queue = { send: async () => {} }
const execute = createExecutor({ db, queue, actions: { ...actions, run }, kinds: KINDS, cipher })
await execute({ ...job, signal: new AbortController().signal })
process.exit()
