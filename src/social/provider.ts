import type { PostConfig } from '../../schemas/social.ts'
import type { EgressResponse, Method } from '../egress/guard.ts'
import type { ConfigProblem } from '../errors.ts'
import type { Credential } from '../secrets/credential.ts'

/** Milliseconds that a request may take. */
export const TIMEOUT_MS = 20_000
/** Of one that only asks something: without an answer it goes on as it can. */
export const ASK_TIMEOUT_MS = 5000
export const MAX_ANSWER_BYTES = 65_536

/** How long a text is by the measure of a network, and how long it may be there. */
export type Length = { length: number; limit: number }

/** What a network takes for proof of who posts. */
export type Session = {
  access: string
  /** What the next one is asked for with; undefined where there is none. */
  refresh?: string | undefined
  /** What the network calls the account, where it has to be told. */
  account?: string | undefined
  /** Milliseconds since 1970, where it is known until when it holds. */
  expiresAt?: number | undefined
}

/** A text as it will stand on a network. */
export type Post = {
  text: string
  config: PostConfig
  session: Session
  /** Names the post: a network that knows repeats knows them by it, and by when the run was made (ISO 8601). */
  runId: string
  createdAt: string
}

/** What is sent to a network. */
export type NetworkRequest = { method: Method; url: string; headers: Record<string, string>; body: string }

/** Asks a network for JSON; undefined where it can't be reached or says something else. */
export type Ask = (url: string) => Promise<unknown>

/** A post as the network has it. */
export type Posted = {
  id: string
  url: string
  /** Where another text than the one of now stands there. */
  text?: string
}

/** How a network gives sessions for a credential, one after the other. */
export type Renewals = {
  /** The requests for one, in the order in which they are tried: each where the one before is refused. */
  requests(credential: Credential, before: Session | undefined, config: PostConfig): NetworkRequest[]
  /** The session that an answer gives; undefined where it gives none. */
  read(answer: EgressResponse, now: Date): Session | undefined
}

/** A social network: a file each; the registry is src/social/index.ts. */
export type SocialProvider = {
  /** As people call it. */
  title: string
  /** What beyond its schema keeps a config from being posted. Paths begin with `/config`. */
  problems?(config: PostConfig): ConfigProblem[]
  /** Where a config posts: what its URLs begin with. */
  base(config: PostConfig): string
  /** Its measure, where that is the same for everybody. */
  measure?(text: string): Length
  /** Its measure, where it has to be asked for that; undefined where it can't be. */
  measureThere?(text: string, config: PostConfig, ask: Ask): Promise<Length | undefined>
  /** What a reviewer should know before a text is posted. @param setAt when the credential was set; null where that is not known. */
  warnings?(text: string, setAt: Date | null, now: Date): string[]
  /** What a credential is worth by itself; undefined where a session has to be asked for first. */
  firstSession(credential: Credential): Session | undefined
  /** Undefined where people alone can replace a credential that is over. */
  renewals?: Renewals
  request(post: Post, ask: Ask): NetworkRequest | Promise<NetworkRequest>
  /** What it calls a post that it took, and where that is; undefined where the answer does not say. */
  read(answer: EgressResponse): Posted | undefined
  /** Whether it refused because the session is not good, or no more. */
  isOver(answer: EgressResponse): boolean
  /** Why it refused, in its own words; undefined where the answer does not say. */
  reason(answer: unknown): unknown
  /** Statuses that mean something there alone: the code of the failure, and a sentence. */
  refusals?: Readonly<Record<number, readonly [code: string, sentence: string]>>
  /**
   * Until when a post may be sent again in the name of its run, because the network makes no second one of it; undefined, or null,
   * where it may not.
   */
  repeatableUntil?(config: PostConfig, ask: Ask, now: Date): Promise<Date | null>
  /** The post, where an answer refuses it because it stands there already. */
  findPosted?(answer: EgressResponse, post: Post, ask: Ask): Promise<Posted | undefined>
}

/** Whether an answer is 401. */
export function isUnauthorized({ status }: EgressResponse): boolean {
  return status === 401
}

/** A credential whose token is what is sent. */
export function sessionOfToken({ token }: Credential): Session {
  return { access: token }
}
