import type { Actions } from '../actions/index.ts'
import { inTimeFor } from '../subprocess-in-turn.ts'

/** For so long a caller waits for a turn. */
export const TURN_WITHIN_MS = 10_000

/**
 * Reads the templates of configs where they hold nobody up, before anything is asked of these configs. No transaction should be
 * open meanwhile.
 *
 * @param configs what may be configs: JSON of any form
 * @throws ApiError `unavailable` where the turn does not come
 */
export async function readAhead(
  { readAhead: read }: Pick<Actions, 'readAhead'>,
  organizationId: string,
  configs: readonly unknown[],
): Promise<void> {
  await inTimeFor(TURN_WITHIN_MS, (signal) =>
    Promise.all(configs.map((config) => read(organizationId, config, signal))),
  )
}
