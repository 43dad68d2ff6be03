import { foreignKeyViolation, uniqueViolation } from '../db/failures.ts'
import { ApiError, type ErrorCode } from './errors.ts'

/**
 * Waits for a write that may break a unique constraint. Looking first would leave a gap between the look and the write.
 *
 * @throws ApiError `code` when it broke that very constraint.
 */
export async function refuseTaken<T>(write: Promise<T>, constraint: string, code: ErrorCode): Promise<T> {
  return refuse(write, (error) => uniqueViolation(error) === constraint, code)
}

/**
 * Waits for a write into something that may have gone since its caller was let in.
 *
 * @param foreignKey of what is written, to what may have gone.
 * @throws ApiError `code` when that was not there any more.
 */
export async function refuseGone<T>(write: Promise<T>, foreignKey: string, code: ErrorCode): Promise<T> {
  return refuse(write, (error) => foreignKeyViolation(error) === foreignKey, code)
}

async function refuse<T>(write: Promise<T>, isWhy: (error: unknown) => boolean, code: ErrorCode): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (isWhy(error)) throw new ApiError(code)
    throw error
  }
}
