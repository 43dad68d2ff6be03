import type { AutomationUpdate } from '../../schemas/automations.ts'
import { ApiError } from '../errors.ts'
import { writeCredential } from '../secrets/credential.ts'

/** The credential in a body: a token, and with what the network gives the next one. */
export type CredentialFields = Pick<
  AutomationUpdate,
  'oauth_token' | 'oauth_refresh_token' | 'oauth_client_id' | 'oauth_client_secret'
>

/**
 * The credential that a body sets, as it is stored; null where it takes it away, undefined where it leaves it. It is set as a whole,
 * because the refresh token of one is worth nothing with another.
 *
 * @throws ApiError `invalid_request` for the rest of one without its token
 */
export function credentialIn(body: CredentialFields): string | null | undefined {
  const { oauth_token: token, oauth_refresh_token, oauth_client_id, oauth_client_secret } = body
  const others = Object.entries({ oauth_refresh_token, oauth_client_id, oauth_client_secret })
  if (typeof token === 'string')
    return writeCredential({
      token,
      refreshToken: oauth_refresh_token ?? undefined,
      clientId: oauth_client_id ?? undefined,
      clientSecret: oauth_client_secret ?? undefined,
    })
  const alone = others.filter(([, value]) => typeof value === 'string')
  const details = alone.map(([name]) => ({ path: `/${name}`, message: 'is set with oauth_token' }))
  if (details.length > 0) throw new ApiError('invalid_request', { details })
  return token
}
