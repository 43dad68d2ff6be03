import type { PostConfig } from '../../schemas/social.ts'
import type { EgressResponse, Method } from '../egress/guard.ts'
import type { ConfigProblem } from '../errors.ts'

/** How long a text is by the measure of a network, and how long it may be there. */
export type Length = { length: number; limit: number }

/** A text as it will stand on a network. */
export type Post = {
  text: string
  config: PostConfig
  token: string
  /** Names the post: a network that knows repeats knows them by it. */
  runId: string
}

/** What is sent for a post. */
export type PostRequest = { method: Method; url: string; headers: Record<string, string>; body: string }

/** Asks a network for JSON; undefined where it can't be reached or says something else. */
export type Ask = (url: string) => Promise<unknown>

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
  /** What a reviewer should know before a text is posted. */
  warnings?(text: string): string[]
  request(post: Post): PostRequest
  /** What it calls a post that it took, and where that is; undefined where the answer does not say. */
  read(answer: EgressResponse): { id: string; url: string } | undefined
  /** Why it refused, in its own words; undefined where the answer does not say. */
  reason(answer: unknown): unknown
  /** Statuses that mean something there alone: the code of the failure, and a sentence. */
  refusals?: Readonly<Record<number, readonly [code: string, sentence: string]>>
  /** Whether it knows a post that is sent again by its run, and makes no second one of it. */
  knowsRepeats: boolean
}
