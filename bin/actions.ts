import type { Database } from '../db/client.ts'
import * as automationSecrets from '../db/queries/automation-secrets.ts'
import { type Actions, createActions } from '../src/actions/index.ts'
import { createRenderer } from '../src/actions/renderer.ts'
import { createFindApproved } from '../src/automations/approved.ts'
import type { Config } from '../src/config.ts'
import { createEgress } from '../src/egress/guard.ts'
import { KINDS } from '../src/kinds/index.ts'
import type { Cipher } from '../src/secrets/cipher.ts'
import { openSecrets } from '../src/secrets/sealed.ts'
import { createAccounts } from '../src/social/accounts.ts'
import { createSocial } from '../src/social/index.ts'

/** The actions of this program, and how to let their connections go. */
export function wireActions(
  db: Database,
  cipher: Cipher,
  { egressAllow, social }: Pick<Config, 'egressAllow' | 'social'>,
): { actions: Actions; close: () => Promise<void> } {
  const egress = createEgress({ allow: egressAllow })
  const signingSecrets = async (automation: { organizationId: string; automationId: string }) =>
    openSecrets(cipher, await automationSecrets.list(db, automation, automationSecrets.SIGNING_SLOT))
  const renderer = createRenderer()
  const findApproved = createFindApproved(db, cipher, KINDS)
  const accounts = createAccounts({ db, cipher, egress })
  return {
    actions: createActions({
      db,
      egress,
      renderer,
      social: createSocial(social),
      accounts,
      findApproved,
      signingSecrets,
    }),
    close: () => {
      renderer.close()
      return egress.close()
    },
  }
}
