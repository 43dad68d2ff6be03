import { Dialog } from '@base-ui/react/dialog'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId } from 'react'
import { answer, api } from '../client.ts'
import { Problem } from '../parts/Problem.tsx'
import { useTitle } from '../parts/title.ts'
import { userQuery } from '../queries.ts'
import { beginAnew, noteLogin, useIsOver } from './session.ts'

/** The page of whoever is not logged in. */
export function LoginPage() {
  useTitle('Log in')
  return (
    <main className="login">
      <h1>Hyperspeed Automations</h1>
      {globalThis.isSecureContext ? (
        <LoginForm />
      ) : (
        <p role="alert">
          Browsers keep logins for HTTPS alone, or on the machine itself: open this page by <code>https://</code>, or at{' '}
          <code>http://127.0.0.1</code>.
        </p>
      )}
    </main>
  )
}

/** Over a page of somebody whose login has ended. */
export function LoginDialog() {
  return (
    <Dialog.Root open={useIsOver()} disablePointerDismissal>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>Log in again</Dialog.Title>
          <Dialog.Description>Your login has ended. What you typed stays as it is.</Dialog.Description>
          <LoginForm />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function LoginForm() {
  const [email, password] = [useId(), useId()]
  const client = useQueryClient()
  const login = useMutation({
    mutationFn: (body: { email: string; password: string }) => answer(api.POST('/api/v1/console/login', { body })),
    onSuccess: async () => {
      const before = client.getQueryData(userQuery.queryKey)
      const { user } = await answer(api.GET('/api/v1/console/login'))
      if (before && before.id !== user?.id) return beginAnew()
      noteLogin()
      await client.invalidateQueries()
    },
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    login.mutate({ email: String(form.get('email')), password: String(form.get('password')) })
  }
  return (
    <form className="stack" onSubmit={submit}>
      <label htmlFor={email}>Email</label>
      <input id={email} name="email" type="email" autoComplete="username" required />
      <label htmlFor={password}>Password</label>
      <input id={password} name="password" type="password" autoComplete="current-password" required />
      {login.isError && <Problem error={login.error} />}
      <button type="submit" className="primary" disabled={login.isPending}>
        {login.isPending ? 'Logging in …' : 'Log in'}
      </button>
    </form>
  )
}
