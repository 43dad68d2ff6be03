/**
 * Why an outbound request came to nothing. `blocked_address`, `invalid_url`, `invalid_header` and `invalid_method` will
 * not change by asking again; the others may.
 */
export type EgressErrorCode =
  | 'blocked_address'
  | 'invalid_url'
  | 'invalid_header'
  | 'invalid_method'
  | 'timeout'
  | 'dns'
  | 'connect'
  | 'tls'
  | 'reset'
  | 'aborted'

/** Those of a request that is refused itself, and will be every time. */
const FINAL = new Set<EgressErrorCode>(['blocked_address', 'invalid_url', 'invalid_header', 'invalid_method'])

/**
 * An outbound request that got no whole answer. Its message may be shown: it names the host and never an address that a
 * name resolved to, a header's value, a path or a query. `cause` is for logs of the operator alone.
 */
export class EgressError extends Error {
  override readonly name = 'EgressError'
  readonly code: EgressErrorCode
  /** False only when it is certain that no byte of the request left. */
  readonly mayHaveBeenReceived: boolean
  /** Whether it will not change by asking again. */
  readonly isFinal: boolean

  constructor(
    code: EgressErrorCode,
    message: string,
    { mayHaveBeenReceived = false, cause }: { mayHaveBeenReceived?: boolean; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.isFinal = FINAL.has(code)
    this.mayHaveBeenReceived = mayHaveBeenReceived
  }
}
