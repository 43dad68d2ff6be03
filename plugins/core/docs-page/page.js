// What /docs has beside Swagger UI, as one of its plugins: a way to sign in, and requests that fill themselves in.

const SIGNS_IN = ['login', 'register', 'refreshSession']
/** What most paths begin with, as Swagger UI cuts them up. */
const SHARED = ['/api', '/v1', '/organizations', '/{orgId}', '/spaces', '/{spaceId}']

followColorScheme()

/** The plugin. */
window.hyperspeedDocs = (system) => {
  const session = window.createSession(system)
  const Panel = createPanel(system.React, session)
  /** Does what Swagger UI does, and then something more. */
  const afterwards =
    (more) =>
    (original) =>
    (payload, ...rest) => {
      const result = original(payload, ...rest)
      more(payload, ...rest)
      return result
    }
  return {
    wrapComponents: {
      InfoContainer: (Original) => (props) => beside(system.React, Original, props, Panel),
      DeepLink: (Original) => (props) => withQuietPrefix(system.React, Original, props),
    },
    statePlugins: {
      spec: {
        wrapActions: {
          updateJsonSpec: (original) => (document) => {
            original({ ...document, servers: [{ url: window.apiPath() || '/', description: 'This server' }] })
            session.resume()
          },
          setResponse: afterwards((path, method, response) => {
            const operation = system.specSelectors.specJson().getIn(['paths', path, method])?.toJS()
            if (operation && response.obj) follow(session, operation, sentTo(path, response.url), response)
          }),
        },
      },
      auth: {
        wrapActions: {
          authorize: afterwards((schemes) => session.authorized(Object.keys(schemes)[0])),
          logout: afterwards(session.loggedOut),
        },
      },
    },
  }
}

/** An answer fills in the requests that can follow, by the links of the document; and whoever logged in is signed in. */
function follow(session, operation, sent, { status, obj: body }) {
  if (SIGNS_IN.includes(operation.operationId) && body.access_token) session.adopt(body)
  for (const { operationId, parameters } of Object.values(operation.responses[status]?.links ?? {})) {
    const values = Object.entries(parameters).map(([name, expression]) => [name, evaluate(expression, sent, body)])
    session.fill(Object.fromEntries(values), [operationId])
  }
}

/** Runtime expressions of OpenAPI, as far as the links of this document use them for ids. */
function evaluate(expression, sent, body) {
  const [, name] = /^\$request\.path\.(.+)$/.exec(expression) ?? []
  if (name) return sent[name]
  const [, pointer] = /^\$response\.body#\/(.+)$/.exec(expression) ?? []
  return pointer?.split('/').reduce((part, key) => part?.[key], body)
}

/** The path parameters of a request. */
function sentTo(path, url) {
  const pattern = new RegExp(`${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`)
  return pattern.exec(new URL(url).pathname)?.groups ?? {}
}

/** Swagger UI has dark colors, and a switch for them in a bar that this page does without. */
function followColorScheme() {
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
  dark.addEventListener('change', apply)
  apply()
}

function beside({ createElement: h, Fragment }, Original, props, Panel) {
  return h(Fragment, null, h(Original, props), h(Panel))
}

/** Which space it is about does not tell one path from another, so that part steps back. */
function withQuietPrefix({ createElement: h }, Original, props) {
  if (!Array.isArray(props.text)) return h(Original, props)
  const isShared = (piece) => typeof piece !== 'string' || SHARED.includes(piece)
  const first = props.text.findIndex((piece) => !isShared(piece))
  const cut = first === -1 ? props.text.length - 1 : first
  const prefix = h('span', { key: 'prefix', className: 'prefix' }, props.text.slice(0, cut))
  return h(Original, { ...props, text: [prefix, ...props.text.slice(cut)] })
}

function createPanel(React, session) {
  const { createElement: h, Fragment } = React
  const labelled = (label, control) => h('label', null, h('span', null, label), control)
  const field = (label, props) => labelled(label, h('input', { type: 'text', required: true, ...props }))
  const choice = (label, value, options, choose) =>
    labelled(
      label,
      h(
        'select',
        { value, onChange: (event) => choose(event.target.value) },
        options.map(({ id, name }) => h('option', { key: id, value: id }, name)),
      ),
    )
  /** A form whose button does something with what stands in its fields. */
  const form = (act, button, ...controls) => {
    const onSubmit = (event) => {
      event.preventDefault()
      act(...Array.from(event.target.querySelectorAll('input'), (input) => input.value.trim()))
    }
    return h('form', { onSubmit }, ...controls, h('button', { className: 'btn' }, button))
  }

  const SignedOut = () =>
    h(
      Fragment,
      null,
      h(
        'p',
        null,
        'Sign in, and the requests below fill themselves in and can be sent as they are. The first ',
        h('code', null, 'npm start'),
        ' prints an email and a password for its demo workspace, and a token of AI staff.',
      ),
      h(
        'div',
        { className: 'forms' },
        form(
          session.signIn,
          'Sign in',
          field('Email', { type: 'email', autoComplete: 'username' }),
          field('Password', { type: 'password', autoComplete: 'current-password' }),
        ),
        form(
          session.useToken,
          'Use token',
          field('Or any token', { autoComplete: 'off', spellCheck: false, placeholder: 'sa_… of AI staff' }),
        ),
      ),
    )

  const SignedIn = ({ who, organizations, organizationId, spaces, spaceId }) =>
    h(
      Fragment,
      null,
      h(
        'p',
        null,
        'Signed in as ',
        h('strong', null, who.name),
        who.isStaff ? ', who is AI staff: what it makes waits for a person. ' : '. ',
        'Open an operation and execute it: its answer fills in the requests that can follow.',
      ),
      form(
        session.signOut,
        'Sign out',
        choice('Organization', organizationId, organizations, session.enterOrganization),
        choice('Space', spaceId, spaces, session.enterSpace),
      ),
    )

  return function Panel() {
    const state = React.useSyncExternalStore(session.subscribe, session.get)
    return h(
      'section',
      { className: 'wrapper try-it', 'aria-label': 'Try it' },
      h(
        'div',
        null,
        h('h2', null, 'Try it'),
        state.who === null ? SignedOut() : SignedIn(state),
        state.error && h('p', { role: 'alert' }, state.error),
      ),
    )
  }
}
