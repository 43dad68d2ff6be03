import { member } from '../member.ts'

/** The credential of an automation, as the network that gave it knows it. */
export type Credential = {
  token: string
  /** With what the network gives another token. */
  refreshToken?: string | undefined
  /** The app that the token was given to. */
  clientId?: string | undefined
  clientSecret?: string | undefined
}

/**
 * A credential as it is stored. One that is a token alone is that token, as it always was; a token that looks like what others are
 * stored as is stored as those are.
 */
export function writeCredential(credential: Credential): string {
  const { token, ...others } = credential
  const isTokenAlone = Object.values(others).every((value) => value === undefined)
  return isTokenAlone && !token.startsWith('{') ? token : JSON.stringify(credential)
}

/** A credential from what is stored of it. */
export function readCredential(stored: string): Credential {
  if (!stored.startsWith('{')) return { token: stored }
  const read = parse(stored)
  const text = (key: keyof Credential) => {
    const value = member(read, key)
    return typeof value === 'string' ? value : undefined
  }
  const token = text('token')
  if (token === undefined) return { token: stored }
  return { token, refreshToken: text('refreshToken'), clientId: text('clientId'), clientSecret: text('clientSecret') }
}

/** Everything in a credential that nobody may see. */
export function secretsIn({ token, refreshToken, clientSecret }: Credential): string[] {
  return [token, refreshToken, clientSecret].filter((value) => value !== undefined)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
