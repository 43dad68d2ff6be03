import type { Suite } from '../support/suite.ts'
import { measureIdle } from './idle.ts'
import { measureLag } from './lag.ts'
import { measureRate } from './rate.ts'

/** The engine as it is deployed: a worker process of its own, pg-boss, and the action that sends a message. */
export const runs: Suite = {
  about: 'runs per second, how late they start when many are due at once, and what a worker costs while idle',
  run: async (effort) => [await measureRate(effort), await measureLag(effort), await measureIdle(effort)].join('\n\n'),
}
