/**
 * What came of an attempt at something outside that failed. `output` and `error` are kept and shown: never a secret in them.
 *
 * `retry`: `yes` where it may work later, a number of seconds where the receiver said when, `no` where it never will, and `unknown`
 * where it may have had its effect already and must not be repeated.
 */
export type Failure = {
  ok: false
  error: string
  retry: 'yes' | 'no' | 'unknown' | { afterSeconds: number }
  output?: Record<string, unknown>
  /** That it is certain that nothing was sent, where `retry` does not say so. */
  isUnsent?: true
  /** That it may have had its effect and may be tried again all the same: the receiver knows a repeat. */
  isInDoubt?: boolean
}
