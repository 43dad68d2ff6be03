import type { MissedPolicy, Overlap, ScheduleConfig } from '../../schemas/clock.ts'
import type { KindSchema } from '../../schemas/kinds/kind.ts'
import type { ActionConfig } from '../actions/action.ts'
import type { Actions } from '../actions/index.ts'
import type { ConfigProblem, ErrorCode } from '../errors.ts'

/** What a config says. Keys that its kind knows are typed once the config has been held against its schema. */
export type Config = Readonly<Record<string, unknown>>

/** What is known of an automation when its config is checked. */
export type Facts = {
  actions: Pick<Actions, 'problems'>
  /** The names of its named secrets; null where nothing is stored yet that could have some. */
  secrets: ReadonlySet<string> | null
}

/** A kind that runs by the clock. */
export type Clock = {
  /** When it is due, as plain data; null where this config has no clock. What does not parse is one of its problems. */
  schedule(config: Config): ScheduleConfig | null
  overlap(config: Config): Overlap
  missed(config: Config): MissedPolicy
}

/** A request from outside before anything in it is believed. Header names in lower case; `bytes` exactly as they came. */
export type Delivery = { headers: Readonly<Record<string, string | undefined>>; bytes: Buffer }

/** What a request said. */
export type ReceivedEvent = {
  /** What its sender calls it; null where it does not say. */
  key: string | null
  type: string | null
  /** Those that may be kept. */
  headers: Record<string, string>
  /** As JSON text. */
  body: string
  /** Whether something in the body could not be stored, and U+FFFD stands in its place. */
  isReplaced?: boolean
  /** Whether the config wants a run for it. */
  wanted: boolean
}

/**
 * A kind that takes events from outside, at a URL of its own. `read`, `waitSeconds` and `example` are asked of configs that are
 * valid but for what is missing; the others also of any draft, and `verify` of an empty config for an unknown hook.
 */
export type Intake = {
  /** Whether its senders prove themselves with a secret. */
  needsSecret(config: Config): boolean
  makeSecret(config: Config): string
  /** What keeps a text from being a secret, or undefined. */
  secretProblem(config: Config, secret: string): string | undefined
  /**
   * Whether a request is from whom it should be from. It takes the same work whatever is wrong with it.
   *
   * @param secrets the present one and the one before, while they hold; none refuses whatever needs one.
   */
  verify(config: Config, delivery: Delivery, secrets: readonly string[], now: Date): boolean
  /**
   * What a verified request says: an event, or a question whether anybody is there.
   *
   * Also called in a thread of its own, for which all that it takes and gives is copied.
   *
   * @throws ApiError where it can't be understood.
   */
  read(config: Config, delivery: Delivery): ReceivedEvent | { challenge: string }
  /** For how many seconds a sender waits for the result of the run; null where it does not. */
  waitSeconds(config: Config): number | null
  /** An event for a preview. */
  example(config: Config): { type: string | null; body: unknown }
}

/** What visitors reach through connections that are held open, and who may come. */
export type Opening = {
  /** The first label of its host name, where one is asked for. */
  subdomain: string | undefined
  access: 'public' | 'token'
  /** What paths begin with, in whole segments; undefined for any. */
  allowedPaths: readonly string[] | undefined
  /** Addresses and networks (CIDR) that visitors come from; undefined for any. */
  allowedNetworks: readonly string[] | undefined
  /** Of one visitor; undefined for any number. */
  requestsPerMinute: number | undefined
  /** Requests, and upgraded connections, at a time. */
  maxStreams: number
  /** For how long nothing may pass on a stream that has no end of its own; undefined for any time. */
  idleTimeoutSeconds: number | undefined
  /** Whether the service is asked for by the name that it has where its agent is. */
  rewritesHost: boolean
  /** How the service is looked after; undefined for not at all. */
  healthCheck: { path: string; intervalSeconds: number } | undefined
}

/** A kind that holds connections open: by tunnels (src/tunnels/), whose agents dial in. */
export type Sessions = {
  /** Also asked of configs that are not whole. */
  opening(config: Config): Opening
}

/**
 * One way of setting an automation off: a folder each; the registry is src/kinds/index.ts. What the contract says of it stands
 * in `schema`. Each of the sources, `clock`, `intake` and `sessions`, has one engine that serves all kinds which have it.
 */
export type Kind = {
  schema: KindSchema
  /** Everything beyond its schema that keeps a config from running. Paths begin with `/config`. */
  problems(config: Config, facts: Facts): ConfigProblem[]
  /**
   * What a run does. Also asked of configs that are not valid yet: what it makes of those is not run.
   *
   * @param input what the run was given, held against `schema.input`.
   */
  effect?(config: Config, input: Readonly<Record<string, unknown>>): ActionConfig
  /**
   * Why a run is refused when somebody asks for it; undefined where it is not.
   *
   * @param facts.hasCredential whether what is approved has a credential.
   */
  refusal?(
    config: Config,
    input: Readonly<Record<string, unknown>>,
    facts: { hasCredential: boolean },
  ): ErrorCode | undefined
  /**
   * Whose credential a config takes, such as a network and a host: a credential goes nowhere but where it was set for. The same for
   * all configs by default.
   */
  credentialFor?(config: Config): string
  /** What the answer to whoever asked for a run says besides the run. */
  answer?(run: { external_ref: string | null; error_message: string | null }): {
    tweet_id: string
    error: string | null
  }
  /** What a reviewer should know of a valid config, besides what its effect says of itself. */
  warnings?(config: Config): string[]
  /** After how many failures in a row it is paused; null for never. */
  pauseAfterFailures?(config: Config): number | null
  clock?: Clock
  intake?: Intake
  sessions?: Sessions
}
