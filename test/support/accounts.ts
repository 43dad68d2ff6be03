import type { Answer, Caller, EmptyApp } from './app.ts'

const PASSWORD = 'correct horse battery staple'

/** The body of a registration. */
export const registration = (name: string, more: object = {}) => ({
  email: `${name}@example.com`,
  password: PASSWORD,
  ...more,
})

/** Whoever an answer with tokens is for. */
export async function callerOf({ send }: EmptyApp, { body }: Answer): Promise<Caller> {
  const token = body.access_token as string
  const { id } = (await send({ token, userId: '', id: '' }, 'GET', '/api/v1/me')).body
  return { token, userId: id, id }
}
