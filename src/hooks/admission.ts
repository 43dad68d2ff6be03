import { tryAgain } from '../errors.ts'

/** Keeps what is taken in at a time within bounds. */
export type Admission = {
  /**
   * Lets a request of so many bytes in.
   *
   * @returns lets it go again; more than once is once.
   * @throws ApiError `unavailable` with `Retry-After` while there is too much.
   */
  enter(bytes: number): () => void
}

/** Bounds the requests that are being read or stored, and the memory of their bodies. */
export function createAdmission({ mostRequests, mostBytes }: { mostRequests: number; mostBytes: number }): Admission {
  let requests = 0
  let total = 0
  return {
    enter(bytes) {
      if (requests >= mostRequests || total + bytes > mostBytes) throw tryAgain()
      requests++
      total += bytes
      let isIn = true
      return () => {
        if (!isIn) return
        isIn = false
        requests--
        total -= bytes
      }
    },
  }
}
