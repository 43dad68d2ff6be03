import type { Database } from '../db/client.ts'
import { type Actions, createActions } from '../src/actions/index.ts'
import type { Config } from '../src/config.ts'
import { createEgress } from '../src/egress/guard.ts'

/** The actions of this program, and how to let their connections go. */
export function wireActions(
  db: Database,
  { egressAllow }: Pick<Config, 'egressAllow'>,
): { actions: Actions; close: () => Promise<void> } {
  const egress = createEgress({ allow: egressAllow })
  return { actions: createActions({ db, egress, signingSecret: async () => undefined }), close: () => egress.close() }
}
