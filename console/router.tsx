import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import {
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from '@tanstack/react-router'
import type { AutomationStatus, Review } from './api.d.ts'
import { BASE, Refusal } from './client.ts'
import { QueuePage } from './pages/Queue.tsx'
import { ReviewPage } from './pages/Review.tsx'
import { Problem } from './parts/Problem.tsx'
import { type AuditFilter, type AutomationsFilter, meQuery, organizationsQuery, type QueueFilter } from './queries.ts'
import { LoginDialog, LoginPage } from './shell/Login.tsx'
import { Shell } from './shell/Shell.tsx'

const root = createRootRoute({ component: Root, errorComponent: Failed, notFoundComponent: NotFound })

const home = createRoute({ getParentRoute: () => root, path: '/', component: Home })
const organization = createRoute({ getParentRoute: () => root, path: '/$orgId', component: Shell })
const queue = createRoute({
  getParentRoute: () => organization,
  path: '/queue',
  validateSearch: (search: Record<string, unknown>): QueueFilter => ({
    space: textOf(search.space),
    kind: textOf(search.kind) as Review['kind'] | undefined,
    author: textOf(search.author),
  }),
  component: QueuePage,
})
const review = createRoute({
  getParentRoute: () => organization,
  path: '/review/$spaceId/$automationId',
  component: ReviewPage,
})

const automations = createRoute({
  getParentRoute: () => organization,
  path: '/automations',
  validateSearch: (search: Record<string, unknown>): AutomationsFilter => ({
    space: textOf(search.space),
    status: textOf(search.status) as AutomationStatus | undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/Automations.tsx'), 'AutomationsPage'),
})
const automation = createRoute({
  getParentRoute: () => organization,
  path: '/automations/$spaceId/$automationId',
  component: lazyRouteComponent(() => import('./pages/Automation.tsx'), 'AutomationPage'),
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
      queue,
      review,
      automations,
      automation,
      newAutomation,
      editAutomation,
      run,
      audit,
      staff,
      policy,
    ]),
  ]),
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

function Root() {
  const me = useQuery(meQuery)
  // Whoever was here is asked in a dialog, over what they see.
  if (me.data !== undefined)
    return (
      <>
        <Outlet />
        <LoginDialog />
      </>
    )
  if (me.isPending) return <p className="loading">Loading …</p>
  if (me.error instanceof Refusal && me.error.status === 401) return <LoginPage />
  return <Problem error={me.error} retry={() => me.refetch()} />
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

function Failed({ error, reset }: ErrorComponentProps) {
  return <Problem error={error} retry={reset} />
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

function viewOf(value: unknown): 'form' | 'json' | undefined {
  return value === 'form' || value === 'json' ? value : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
