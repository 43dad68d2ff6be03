// Who is signed in on /docs, and which organization and space the requests are about. Runs in the browser as it is, and
// talks to nothing but the API that the page describes.

const SCHEME_OF = { person: 'accessToken', staff: 'serviceAccountToken' }
/** Before an access token ends, so that nobody is interrupted. */
const REFRESH_AHEAD_SECONDS = 60
const NOBODY = { who: null, organizations: [], organizationId: '', spaces: [], spaceId: '', error: '' }

/** Whatever name and path the page was opened under, requests go to where it came from. */
window.apiPath = () => window.location.pathname.replace(/\/docs\/?$/, '')

/**
 * @param system what Swagger UI gives to its plugins
 * @returns what the panel shows (`get`, `subscribe`), and what can be done
 */
window.createSession = (system) => {
  let state = NOBODY
  let timer
  const listeners = new Set()
  const set = (changes) => {
    state = { ...state, ...changes }
    for (const listener of listeners) listener()
  }
  /** Does it, and shows what went wrong. */
  const attempt = async (work) => {
    set({ error: '' })
    await work().catch((error) => set({ error: error.message }))
  }

  const tokenOf = (scheme) => system.authSelectors.authorized()?.getIn([scheme, 'value'])
  const token = () => tokenOf(SCHEME_OF.staff) ?? tokenOf(SCHEME_OF.person)

  /** @throws Error with the sentence of the API where the answer is not 2xx */
  async function call(method, path, body) {
    const headers = {
      ...(token() && { authorization: `Bearer ${token()}` }),
      ...(body && { 'content-type': 'application/json' }),
    }
    const response = await fetch(`${window.apiPath()}/api/v1${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
    const answer = await response.json()
    if (!response.ok) throw Object.assign(new Error(answer.error), { status: response.status })
    return answer
  }

  function authorize(scheme, value) {
    const schema = system.specSelectors.specJson().getIn(['components', 'securitySchemes', scheme]).toJS()
    system.authActions.authorizeWithPersistOption({ [scheme]: { name: scheme, schema, value } })
  }

  function signOut() {
    clearTimeout(timer)
    system.authActions.logoutWithPersistOption(Object.values(SCHEME_OF).filter(tokenOf))
    set(NOBODY)
  }

  /** Takes a new session of a person, and keeps it alive for as long as the page is open. */
  function adopt({ access_token: accessToken, refresh_token: refreshToken, expires_in: seconds }) {
    clearTimeout(timer)
    timer = setTimeout(
      () => attempt(async () => adopt(await call('POST', '/auth/refresh', { refresh_token: refreshToken }))),
      (seconds - REFRESH_AHEAD_SECONDS) * 1000,
    )
    authorize(SCHEME_OF.person, accessToken)
  }

  /** Finds out who that is and where they work, and fills it in. */
  async function greet() {
    const me = await call('GET', '/me')
    set({ who: { name: me.display_name, isStaff: me.service_account !== null } })
    const { organizations } = await call('GET', '/organizations')
    set({ organizations })
    if (organizations[0]) await enterOrganization(organizations[0].id)
  }

  async function enterOrganization(orgId) {
    set({ organizationId: orgId, spaces: [], spaceId: '' })
    fill({ orgId })
    const { spaces } = await call('GET', `/organizations/${orgId}/spaces`)
    set({ spaces })
    if (spaces[0]) enterSpace(spaces[0].id)
  }

  function enterSpace(spaceId) {
    set({ spaceId })
    fill({ spaceId })
  }

  /** Writes values into the path parameters of these names: of all operations, or of those that are named. */
  function fill(values, operationIds) {
    for (const [path, methods] of system.specSelectors.specJson().get('paths').entrySeq()) {
      for (const [method, operation] of methods.entrySeq()) {
        if (operationIds && !operationIds.includes(operation.get('operationId'))) continue
        for (const parameter of operation.get('parameters') ?? []) {
          const value = values[parameter.get('name')]
          if (parameter.get('in') !== 'path' || value === undefined) continue
          system.specActions.changeParam([path, method], parameter.get('name'), 'path', String(value), false)
        }
      }
    }
  }

  return {
    get: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    signIn: (email, password) => attempt(async () => adopt(await call('POST', '/auth/login', { email, password }))),
    useToken: (value) => authorize(value.startsWith('sa_') ? SCHEME_OF.staff : SCHEME_OF.person, value),
    enterOrganization: (id) => attempt(() => enterOrganization(id)),
    enterSpace,
    signOut,
    adopt,
    fill,
    /** One at a time: whichever came last is who is asking. */
    authorized(scheme) {
      const other = scheme === SCHEME_OF.staff ? SCHEME_OF.person : SCHEME_OF.staff
      if (scheme === SCHEME_OF.staff) clearTimeout(timer)
      if (tokenOf(other)) system.authActions.logoutWithPersistOption([other])
      return attempt(greet)
    },
    loggedOut() {
      if (!token()) set(NOBODY)
    },
    /** What was authorized before the page was loaded again still is, unless its time is over. */
    resume: () =>
      token() &&
      attempt(() =>
        greet().catch((error) => {
          if (error.status !== 401) throw error
          signOut()
        }),
      ),
  }
}
