import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { AutomationKind, AutomationStatus, ConsoleLogin, Review, RunStatus, WebhookEvent } from './api.d.ts'
import type { EventsFilter } from './automation-queries.ts'
import { BASE } from './client.ts'
import type { RunsFilter } from './organization-queries.ts'
import { QueuePage } from './pages/Queue.tsx'
import { ReviewPage } from './pages/Review.tsx'
import { Problem } from './parts/Problem.tsx'
import { Said } from './parts/Toast.tsx'
import { type AuditFilter, type AutomationsFilter, organizationsQuery, type QueueFilter, userQuery } from './queries.ts'
import { LoginDialog, LoginPage } from './shell/Login.tsx'
import { Shell, ToQueue } from './shell/Shell.tsx'
import { beginAnew, noteEnd, onLoginChange } from './shell/session.ts'
import { canBeExact } from './text/exact.ts'

const root = createRootRoute({ component: Root, errorComponent: Failed, notFoundComponent: NotFound })

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home })
const organization = createRoute({ getParentRoute: () => root, path: '/$orgId', component: Shell })
const beginning = createRoute({ getParentRoute: () => organization, path: '/', component: ToQueue })
const queue = createRoute({
  getParentRoute: () => organization,
  path: '/queue',
  validateSearch: queueFilterOf,
  component: QueuePage,
})
const review = createRoute({
  getParentRoute: () => organization,
  path: '/review/$spaceId/$automationId',
  validateSearch: queueFilterOf,
  component: ReviewPage,
})

const automations = createRoute({
  getParentRoute: () => organization,
  path: '/automations',
  validateSearch: (search: Record<string, unknown>): AutomationsFilter => ({
    space: textOf(search.space),
    status: textOf(search.status) as AutomationStatus | undefined,
    kind: textOf(search.kind) as AutomationKind | undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/Automations.tsx'), 'AutomationsPage'),
})
const automation = createRoute({
  getParentRoute: () => organization,
  path: '/automations/$spaceId/$automationId',
  component: lazyRouteComponent(() => import('./pages/Automation.tsx'), 'AutomationPage'),
})
const revision = createRoute({
  getParentRoute: () => organization,
  path: '/automations/$spaceId/$automationId/revisions/$revision',
  validateSearch: ({ against }: Record<string, unknown>): { against?: number } =>
    typeof against === 'number' ? { against } : {},
  component: lazyRouteComponent(() => import('./pages/Revision.tsx'), 'RevisionPage'),
})
const events = createRoute({
  getParentRoute: () => organization,
  path: '/automations/$spaceId/$automationId/events',
  validateSearch: (search: Record<string, unknown>): EventsFilter => ({
    status: textOf(search.status) as WebhookEvent['status'] | undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/Events.tsx'), 'EventsPage'),
})
const event = createRoute({
  getParentRoute: () => organization,
  path: '/automations/$spaceId/$automationId/events/$eventId',
  component: lazyRouteComponent(() => import('./pages/Event.tsx'), 'EventPage'),
})
const runs = createRoute({
  getParentRoute: () => organization,
  path: '/runs',
  validateSearch: (search: Record<string, unknown>): RunsFilter => ({
    space: textOf(search.space),
    status: textOf(search.status) as RunStatus | undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/Runs.tsx'), 'RunsPage'),
})
const newAutomation = createRoute({
  getParentRoute: () => organization,
  path: '/automations/$spaceId/new',
  validateSearch: (search: Record<string, unknown>): NewSearch => ({
    kind: textOf(search.kind),
    name: textOf(search.name),
    from: search.from === 'empty' ? 'empty' : undefined,
    tab: viewOf(search.tab),
  }),
  component: lazyRouteComponent(() => import('./pages/Edit.tsx'), 'NewPage'),
})
const editAutomation = createRoute({
  getParentRoute: () => organization,
  path: '/automations/$spaceId/$automationId/edit',
  validateSearch: (search: Record<string, unknown>): EditSearch => ({ tab: viewOf(search.tab) }),
  component: lazyRouteComponent(() => import('./pages/Edit.tsx'), 'EditPage'),
})
const run = createRoute({
  getParentRoute: () => organization,
  path: '/runs/$spaceId/$automationId/$runId',
  component: lazyRouteComponent(() => import('./pages/Run.tsx'), 'RunPage'),
})

const audit = createRoute({
  getParentRoute: () => organization,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>): AuditFilter => ({
    action: textOf(search.action),
    actor: textOf(search.actor),
    target: textOf(search.target),
  }),
  component: lazyRouteComponent(() => import('./pages/Audit.tsx'), 'AuditPage'),
})
const staff = createRoute({
  getParentRoute: () => organization,
  path: '/staff',
  component: lazyRouteComponent(() => import('./pages/Staff.tsx'), 'StaffPage'),
})
const policy = createRoute({
  getParentRoute: () => organization,
  path: '/policy',
  component: lazyRouteComponent(() => import('./pages/Policy.tsx'), 'PolicyPage'),
})

type EditSearch = { tab?: 'form' | 'json' | undefined }
type NewSearch = EditSearch & { kind?: string | undefined; name?: string | undefined; from?: 'empty' | undefined }

/** A link for every state: what is shown is in the address. */
export const router = createRouter({
  basepath: `${BASE}/console`,
  routeTree: root.addChildren([
    home,
    organization.addChildren([
      beginning,
      queue,
      review,
      automations,
      automation,
      revision,
      events,
      event,
      runs,
      newAutomation,
      editAutomation,
      run,
      audit,
      staff,
      policy,
    ]),
  ]),
  scrollRestoration: true,
  defaultErrorComponent: Failed,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

function Root() {
  if (!canBeExact) return <TooOld />
  // Where nothing could be kept, nothing is asked.
  return globalThis.isSecureContext ? <Entrance /> : <LoginPage />
}

function Entrance() {
  const user = useQuery(userQuery)
  const isKnown = useSamePerson(user.data)
  if (isKnown)
    return (
      <>
        <Outlet />
        <Said />
        <LoginDialog />
      </>
    )
  if (user.isPending) return <p className="loading">Loading …</p>
  if (user.isError) return <Problem error={user.error} retry={() => user.refetch()} />
  return <LoginPage />
}

/**
 * Whether somebody is, or was, logged in here. Where nobody is any more, a dialog asks them; where it is somebody else by now, the page
 * begins anew, because what stands on it is not theirs.
 */
function useSamePerson(user: ConsoleLogin['user'] | undefined): boolean {
  const client = useQueryClient()
  const [first, setFirst] = useState<string>()
  if (first === undefined && user) setFirst(user.id)
  useEffect(() => {
    if (first === undefined || user === undefined) return
    if (user === null) noteEnd()
    else if (user.id !== first) beginAnew()
  }, [first, user])
  useEffect(() => onLoginChange(() => void client.invalidateQueries({ queryKey: userQuery.queryKey })), [client])
  return first !== undefined
}

function Home() {
  const { data: organizations } = useSuspenseQuery(organizationsQuery)
  const [first] = organizations
  if (first !== undefined) return <Navigate to="/$orgId/queue" params={{ orgId: first.id }} replace />
  return (
    <main className="empty">
      <h1>You belong to no organization yet</h1>
      <p>Somebody who manages one can invite you.</p>
    </main>
  )
}

/** Takes the place of a page, and leaves what is around it. */
function Failed({ error, reset }: ErrorComponentProps) {
  if (error instanceof Error && /dynamically imported module|module script/i.test(error.message))
    return (
      <div className="problem" role="alert">
        <p>This page could not be loaded: there may be a newer version of the console.</p>
        <button type="button" onClick={() => location.reload()}>
          Load it anew
        </button>
      </div>
    )
  return <Problem error={error} retry={reset} />
}

function TooOld() {
  return (
    <main className="empty">
      <h1>This browser is too old</h1>
      <p>
        It can’t show every number as it stands there. Chrome 114, Firefox 135, Safari 18.4 and those after them can.
      </p>
    </main>
  )
}

function NotFound() {
  return (
    <main className="empty">
      <h1>There is no such page</h1>
      <p>
        <a href={`${BASE}/console`}>To the queue</a>
      </p>
    </main>
  )
}

function queueFilterOf(search: Record<string, unknown>): QueueFilter {
  return {
    space: textOf(search.space),
    kind: textOf(search.kind) as Review['kind'] | undefined,
    author: textOf(search.author),
  }
}

function viewOf(value: unknown): 'form' | 'json' | undefined {
  return value === 'form' || value === 'json' ? value : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
