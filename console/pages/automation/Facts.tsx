import type { ReactNode } from 'react'
import type { Automation } from '../../api.d.ts'
import { Name } from '../../parts/Name.tsx'
import { Moment } from '../../parts/Time.tsx'

/** When an automation runs, who made it, and who answers for it. */
export function Facts({ of: automation }: { of: Automation }) {
  const { organization_id: orgId, created_by_user_id: user, created_by_service_account_id: account } = automation
  const author = user ?? account
  return (
    <dl className="facts">
      <Fact name="Next run">
        {automation.next_run_at === null ? 'none is planned' : <Moment at={automation.next_run_at} />}
      </Fact>
      <Fact name="Last run">{automation.last_run_at === null ? 'never' : <Moment at={automation.last_run_at} />}</Fact>
      <Fact name="Made by">
        {author === null ? 'nobody who is known' : <Name orgId={orgId} id={author} />},{' '}
        <Moment at={automation.created_at} />
      </Fact>
      {automation.owner_user_id !== null && automation.owner_user_id !== user && (
        <Fact name="Answers for it">
          <Name orgId={orgId} id={automation.owner_user_id} />
        </Fact>
      )}
      {automation.reviewed_by_user_id !== null && (
        <Fact name="Reviewed by">
          <Name orgId={orgId} id={automation.reviewed_by_user_id} />
          {automation.reviewed_at !== null && (
            <>
              , <Moment at={automation.reviewed_at} />
            </>
          )}
          {automation.reviewer_is_member === false && ', who has left the organization since'}
        </Fact>
      )}
      {automation.has_oauth_token && (
        <Fact name="Credential">
          <Credential refusedAt={automation.credential_rejected_at} />
        </Fact>
      )}
      <Fact name="Revision">
        {automation.revision} <code className="quiet">{automation.digest}</code>
      </Fact>
    </dl>
  )
}

function Credential({ refusedAt }: { refusedAt: string | null }) {
  if (refusedAt === null) return 'stored'
  return (
    <span className="bad">
      refused by the network, <Moment at={refusedAt} />. Nothing is sent with it again.
    </span>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
