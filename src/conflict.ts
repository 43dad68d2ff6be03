import { uniqueViolation } from '../db/failures.ts'
import { ApiError, type ErrorCode } from './errors.ts'

/**
 * Waits for a write that may break a unique constraint. Looking first would leave a gap between the look and the write.
 *
 * @throws ApiError `code` when it broke that very constraint.
 */
export async function refuseTaken<T>(write: Promise<T>, constraint: string, code: ErrorCode): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (uniqueViolation(error) === constraint) throw new ApiError(code)
    throw error
  }
}
