import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Navigate, Outlet, useLocation, useNavigate, useParams } from '@tanstack/react-router'
import { Suspense, useEffect, useRef } from 'react'
import { answer, api, BASE } from '../client.ts'
import { useLive, useLiveness } from '../live.ts'
import { Shown } from '../parts/Shown.tsx'
import { organizationsQuery, userQuery } from '../queries.ts'
import { KeysButton, KeysDialog } from './keys.tsx'
import { beginAnew } from './session.ts'

const LIVENESS = { connecting: 'Connecting …', live: 'Live', away: 'Not live: reconnecting …' } as const

const PAGES = [
  ['/$orgId/queue', 'Queue'],
  ['/$orgId/automations', 'Automations'],
  ['/$orgId/runs', 'Runs'],
  ['/$orgId/staff', 'AI staff'],
  ['/$orgId/policy', 'Policy'],
  ['/$orgId/audit', 'Audit log'],
] as const

/** What is around every page of an organization. */
export function Shell() {
  const { orgId } = useParams({ from: '/$orgId' })
  useLive(orgId)
  const liveness = useLiveness()
  const main = useFocusOnPages()
  return (
    <>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <Link to="/$orgId/queue" params={{ orgId }} className="brand">
          Hyperspeed Automations
        </Link>
        <nav aria-label="Pages">
          {PAGES.map(([to, name]) => (
            <Link key={to} to={to} params={{ orgId }} activeProps={{ 'aria-current': 'page' }}>
              {name}
            </Link>
          ))}
          <a href={`${BASE}/docs`}>API</a>
        </nav>
        <span className="liveness" data-state={liveness} role="status">
          {LIVENESS[liveness]}
        </span>
        <Organizations orgId={orgId} />
        <KeysButton />
        <Account />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<p className="loading">Loading …</p>}>
          <Outlet />
        </Suspense>
      </main>
      <KeysDialog />
    </>
  )
}

/** Where an organization begins. */
export function ToQueue() {
  const { orgId } = useParams({ from: '/$orgId' })
  return <Navigate to="/$orgId/queue" params={{ orgId }} replace />
}

/** Whoever does not see that another page is there is led to it (WCAG 2.2, criterion 2.4.3), unless it has taken the focus by itself. */
function useFocusOnPages() {
  const main = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  const shown = useRef(pathname)
  useEffect(() => {
    if (shown.current !== pathname && !main.current?.contains(document.activeElement))
      main.current?.focus({ preventScroll: true })
    shown.current = pathname
  }, [pathname])
  return main
}

/** Of somebody who belongs to several. */
function Organizations({ orgId }: { orgId: string }) {
  const { data: organizations } = useSuspenseQuery(organizationsQuery)
  const navigate = useNavigate()
  if (organizations.length < 2) return null
  return (
    <select
      aria-label="Organization"
      value={orgId}
      onChange={({ target }) => navigate({ to: '/$orgId/queue', params: { orgId: target.value } })}
    >
      {organizations.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  )
}

function Account() {
  const { data: user } = useSuspenseQuery(userQuery)
  const logout = useMutation({
    mutationFn: () => answer(api.DELETE('/api/v1/console/login')),
    onSuccess: beginAnew,
  })
  return (
    <span className="account">
      <Shown text={user?.display_name ?? ''} />{' '}
      <button type="button" className="small" onClick={() => logout.mutate()} disabled={logout.isPending}>
        Log out
      </button>
    </span>
  )
}
