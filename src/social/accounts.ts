import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import * as socialSessions from '../../db/queries/social-sessions.ts'
import type { DB } from '../../db/types.ts'
import type { PostConfig } from '../../schemas/social.ts'
import { EgressError } from '../egress/error.ts'
import type { Egress, EgressResponse } from '../egress/guard.ts'
import type { Failure } from '../failure.ts'
import type { Cipher, Place } from '../secrets/cipher.ts'
import { type Credential, secretsIn } from '../secrets/credential.ts'
import { redactor } from '../secrets/redact.ts'
import { failureOf, rejected } from './outcome.ts'
import { MAX_ANSWER_BYTES, type Session, type SocialProvider, TIMEOUT_MS } from './provider.ts'

/** Longer than a renewal may take. */
const LEASE_SECONDS = 60
const LOOK_EVERY_MS = 300
const WAIT_MS = 90_000

/** Whose account it is, and where. */
export type AccountOf = {
  key: socialSessions.CredentialKey
  credential: Credential
  provider: SocialProvider
  config: PostConfig
}

/** What a network made of a credential, for one run. */
export type Account = {
  /** What is sent now, asked for first where there is none or its time is over. */
  session(): Promise<Session | Failure>
  /** What is sent after the network did not accept what was: the credential is rejected where nothing else can be had. */
  renewed(): Promise<Session | Failure>
  /** Notes that what was sent last is not accepted, and nothing else can be had. */
  reject(): Promise<Failure>
  /** Everything that nobody may see, so far. */
  secrets(): string[]
}

export type Accounts = { open(of: AccountOf): Account }

export type AccountsOptions = { db: Kysely<DB>; cipher: Cipher; egress: Pick<Egress, 'request'> }

/** A session as it is stored, with the account that it is of. */
type Stored = Session & { subject: string }

/** A session of some generation; null while there is none. */
type Held = { session: Session | null; generation: number }

/**
 * Makes what holds the sessions that networks give for credentials.
 *
 * One run renews for all: it takes the renewal upon itself in the session's row, asks outside of any transaction, and commits what it got
 * before anybody uses it. Whoever waits sees it there. Where it dies, the next one asks after a minute with what there was before; a
 * network that has taken that back says so, and people have to connect again.
 */
export function createAccounts({ db, cipher, egress }: AccountsOptions): Accounts {
  /** The renewals of this process: those who wait for one look for it together, and it does not end with one of their runs. */
  const underWay = new Map<string, Promise<Held | Failure>>()

  async function read(of: AccountOf): Promise<Held | Failure> {
    const row = await socialSessions.find(db, of.key)
    if (row?.rejected_at) return rejected(of.provider)
    const session = (row && keptFor(of, row)) ?? of.provider.firstSession(of.credential) ?? null
    return { session, generation: row?.generation ?? 0 }
  }

  /** Undefined where none is kept, or one of another account, from before the config named this one. */
  function keptFor(of: AccountOf, { id, tokens }: socialSessions.SocialSession): Session | undefined {
    if (tokens === null) return undefined
    const { subject, ...session }: Stored = JSON.parse(cipher.decrypt(tokens, placeOf(id)))
    return subject === subjectOf(of) ? session : undefined
  }

  async function ask(of: AccountOf, { session }: Held): Promise<Session | Failure> {
    const { provider, credential, config } = of
    let failure = rejected(provider)
    for (const request of provider.renewals?.requests(credential, session ?? undefined, config) ?? []) {
      let answer: EgressResponse
      try {
        answer = await egress.request({ ...request, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES })
      } catch (error) {
        if (!(error instanceof EgressError)) throw error
        // Nothing was posted, whatever became of the renewal.
        return { ok: false, error: error.message, retry: error.isFinal ? 'no' : 'yes', isUnsent: true }
      }
      const given = provider.renewals?.read(answer, new Date())
      // Where it gives no other refresh token, the one before goes on (RFC 6749, 6).
      if (given !== undefined && isSendable(given) && answer.status === 200)
        return { ...given, refresh: given.refresh ?? session?.refresh }
      const isRefused = answer.status === 400 || answer.status === 401
      if (!isRefused) {
        const redact = redactor(request.headers, [...secretsIn(credential), ...secretsOf(session)])
        return laterOf(failureOf(provider, answer, redact, new Date()))
      }
      failure = rejected(provider)
    }
    return failure
  }

  async function renew(of: AccountOf, before: Held): Promise<Held | Failure> {
    const deadline = Date.now() + WAIT_MS
    const lease = randomUUID()
    for (;;) {
      const id = await socialSessions.claim(db, of.key, before.generation, { lease, seconds: LEASE_SECONDS })
      if (id !== undefined) return await renewClaimed(of, before, id, lease)
      const now = await read(of)
      if ('ok' in now || now.generation > before.generation) return now
      if (Date.now() > deadline) return { ok: false, error: 'the token is being renewed', retry: 'yes', isUnsent: true }
      await wait(LOOK_EVERY_MS)
    }
  }

  async function renewClaimed(of: AccountOf, before: Held, id: string, lease: string): Promise<Held | Failure> {
    try {
      const given = await ask(of, before)
      if (!('ok' in given)) {
        const tokens = cipher.encrypt(JSON.stringify({ ...given, subject: subjectOf(of) }), placeOf(id))
        const isSaved = await socialSessions.save(db, id, before.generation, tokens)
        return isSaved ? { session: given, generation: before.generation + 1 } : await read(of)
      }
      if (given.output?.reason !== 'credential_rejected') return given
      await socialSessions.reject(db, of.key, before.generation)
      // Another may have renewed it meanwhile, where this one took too long.
      return await read(of)
    } finally {
      await socialSessions.release(db, id, lease)
    }
  }

  function renewTogether(of: AccountOf, before: Held): Promise<Held | Failure> {
    const { organizationId, automationId, version } = of.key
    const name = `${organizationId} ${automationId} ${version} ${before.generation}`
    const known = underWay.get(name)
    if (known !== undefined) return known
    const renewal = renew(of, before).finally(() => underWay.delete(name))
    underWay.set(name, renewal)
    return renewal
  }

  return {
    open(of) {
      let held: Held | undefined
      const seen = new Set(secretsIn(of.credential))
      const take = (now: Held | Failure): Session | Failure => {
        if ('ok' in now) return now
        held = now
        for (const secret of secretsOf(now.session)) seen.add(secret)
        return now.session ?? rejected(of.provider)
      }
      const canRenew = (from: Held) =>
        (of.provider.renewals?.requests(of.credential, from.session ?? undefined, of.config) ?? []).length > 0
      return {
        async session() {
          const found = await read(of)
          if ('ok' in found) return found
          const isOver = found.session === null || (found.session.expiresAt ?? Number.POSITIVE_INFINITY) <= Date.now()
          return take(isOver && canRenew(found) ? await renewTogether(of, found) : found)
        },
        async renewed() {
          if (held === undefined || !canRenew(held)) return await this.reject()
          return take(await renewTogether(of, held))
        },
        async reject() {
          await socialSessions.reject(db, of.key, held?.generation ?? 0)
          return rejected(of.provider)
        },
        secrets: () => [...seen],
      }
    },
  }
}

/** Whether a session is such that it can be sent in a header. */
function isSendable({ access, refresh = 'none' }: Session): boolean {
  return [access, refresh].every((token) => /^[\x21-\x7e]+$/.test(token))
}

function subjectOf({ provider, config }: AccountOf): string {
  return `${provider.base(config)} ${config.identifier ?? ''}`
}

/** Only a refusal says that it will never work. */
function laterOf(failure: Failure): Failure {
  const isFinal = failure.retry === 'no' && failure.output?.reason === 'rate_limited'
  const { isInDoubt: _, ...known } = failure
  return { ...known, retry: isFinal || typeof failure.retry === 'object' ? failure.retry : 'yes', isUnsent: true }
}

function secretsOf(session: Session | null): string[] {
  return [session?.access, session?.refresh].filter((value) => value !== undefined)
}

/** What its ciphertext is bound to. */
function placeOf(id: string): Place {
  return { table: 'social_sessions', id, column: 'tokens', version: 1 }
}
