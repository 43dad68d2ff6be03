import { INTAKE_SLOT, SIGNING_SLOT } from '../../db/queries/automation-secrets.ts'
import { SecretChange, SecretResponse } from '../../schemas/automation-secrets.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { AutomationParams } from '../../schemas/params.ts'
import { rotateSecret } from '../../src/automations/rotating-secrets.ts'
import type { RoutePlugin } from '../route-plugin.ts'

/** Secrets that one automation shares with somebody: shown once, and only ever replaced. */
const routes: RoutePlugin = async (app) => {
  const operation = {
    tags: ['Webhooks'],
    params: AutomationParams,
    body: ref(SecretChange),
    response: { 200: ref(SecretResponse), ...errors(404) },
  }

  app.post(
    '/webhook/secret',
    {
      config: { permission: 'files.write', peopleOnly: true, optionalBody: true },
      schema: {
        ...operation,
        operationId: 'setWebhookSecret',
        summary: 'Set or make the secret of a webhook',
        description:
          'The one before stays valid for a while, so that the sender can be changed without a gap. It is no part of what ' +
          'is approved.',
      },
    },
    async ({ caller, space, params: { automationId: id }, body }, reply) =>
      reply.code(200).transact((trx) => rotateSecret(trx, caller, { space, id, slot: INTAKE_SLOT }, body, app)),
  )

  app.post(
    '/signing-secret',
    {
      config: { permission: 'files.write', peopleOnly: true, optionalBody: true },
      schema: {
        ...operation,
        operationId: 'setSigningSecret',
        summary: 'Set or make the secret that requests are signed with',
        description:
          'For an `http_request` with `signing: standard_webhooks`, of whatever kind the automation is. While the one before ' +
          'is valid, requests are signed with both.',
      },
    },
    async ({ caller, space, params: { automationId: id }, body }, reply) =>
      reply.code(200).transact((trx) => rotateSecret(trx, caller, { space, id, slot: SIGNING_SLOT }, body, app)),
  )
}

export default routes
