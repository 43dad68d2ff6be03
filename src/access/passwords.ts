import { hash, verify } from '@node-rs/argon2'
import pLimit from 'p-limit'
import { tryAgain } from '../errors.ts'

// OWASP's password storage cheat sheet, first choice for argon2id (the library's default algorithm).
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export type Passwords = {
  /** @returns an argon2id hash in PHC format. @throws ApiError `unavailable` when too many are waiting. */
  hash(password: string): Promise<string>
  /** Does the same work for a missing hash as for a wrong password, so that time tells nobody which emails exist. */
  verify(passwordHash: string | null | undefined, password: string): Promise<boolean>
}

/**
 * argon2id behind a bounded queue: a flood of logins waits a little and is then refused, and never takes every core
 * and all memory from the rest of the API.
 */
export function createPasswords({ concurrency = 2, mostWaiting = 64 } = {}): Passwords {
  const limit = pLimit(concurrency)
  let decoy: Promise<string> | undefined
  const bounded = <T>(work: () => Promise<T>): Promise<T> => {
    if (limit.pendingCount >= mostWaiting) throw tryAgain()
    return limit(work)
  }
  return {
    hash: async (password) => bounded(() => hash(prepare(password), PARAMETERS)),
    async verify(passwordHash, password) {
      return bounded(async () => {
        decoy ??= hash('nobody has this password', PARAMETERS)
        const known = passwordHash ?? (await decoy)
        const prepared = prepare(password)
        const matches =
          (await verify(known, prepared)) ||
          // As it was sent: hashes of before were made of that.
          (prepared !== password && (await verify(known, password)))
        return matches && typeof passwordHash === 'string'
      })
    },
  }
}

/**
 * One form for all ways in which keyboards send the same text: spaces of any kind are ASCII's, and an accent is part of its
 * letter (the OpaqueString profile of RFC 8265, section 4.2; nothing is refused here).
 */
function prepare(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC')
}
