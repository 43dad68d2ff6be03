import type { Test } from 'tap'
import type { Database } from '../../db/client.ts'
import { type Actions, createActions } from '../../src/actions/index.ts'
import { createRenderer } from '../../src/actions/renderer.ts'
import { createFindApproved } from '../../src/automations/approved.ts'
import type { Egress } from '../../src/egress/guard.ts'
import { KINDS } from '../../src/kinds/index.ts'
import type { Cipher } from '../../src/secrets/cipher.ts'
import { createAccounts } from '../../src/social/accounts.ts'
import { createSocial, SOCIAL_NETWORKS } from '../../src/social/index.ts'

/** The actions of the program, with what a test has in the place of the way out. Nothing is signed. */
export function actionsBy(t: Test, { db, cipher }: { db: Database; cipher: Cipher }, egress: Egress): Actions {
  const renderer = createRenderer()
  t.teardown(renderer.close)
  return createActions({
    db,
    egress,
    renderer,
    social: createSocial(SOCIAL_NETWORKS),
    accounts: createAccounts({ db, cipher, egress }),
    findApproved: createFindApproved(db, cipher, KINDS),
    signingSecrets: async () => [],
  })
}
