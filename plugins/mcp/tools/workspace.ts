import { tool } from '../tool.ts'

export const getWorkspace = tool(
  'get_workspace',
  {
    title: 'Get my workspace',
    description:
      'Where to begin: the spaces you may enter, the kinds of automations you may propose, and how many may wait.',
    effect: 'reads',
  },
  async (_args, { api, app }) => {
    const organization = `/organizations/${api.staff.organizationId}`
    const [me, spaces, policy] = await Promise.all([
      api.ask('GET', '/me'),
      api.ask('GET', `${organization}/spaces`),
      api.ask('GET', `${organization}/automation-policy`),
    ])
    const { kinds_allowed_for_service_accounts: allowed, max_pending_per_service_account: most } = policy.body.policy
    return {
      organization_id: api.staff.organizationId,
      spaces: spaces.body.spaces.map(({ id, name }: { id: string; name: string }) => ({ space_id: id, name })),
      kinds: app.kinds.names.map((kind) => ({ kind, you_may_propose: allowed.includes(kind) })),
      pending: { waiting: me.body.service_account.pending_proposals, at_most: most },
    }
  },
)
