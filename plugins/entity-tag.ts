import { ApiError } from '../src/errors.ts'

/** The strong entity tag of a version (RFC 9110, section 8.8.3). */
export function entityTag(version: number): string {
  return `"${version}"`
}

/**
 * Holds a change to what its caller read: the entity tag of an answer, or the digest of the content in quotes.
 *
 * @param ifMatch the `If-Match` header: a list of tags, or `*`.
 * @returns a check that says whether the caller named what is there now; without a header, or with `*`, it named nothing.
 * It throws ApiError `precondition_failed` with the present `ETag` where none of the tags is right.
 */
export function matching(ifMatch: string | undefined): (current: { version: number; digest: string }) => boolean {
  return ({ version, digest }) => {
    if (ifMatch === undefined || ifMatch.trim() === '*') return false
    const tags = ifMatch.split(',').map((tag) => tag.trim())
    if (tags.includes(entityTag(version)) || tags.includes(`"${digest}"`)) return true
    throw new ApiError('precondition_failed', { headers: { ETag: entityTag(version) } })
  }
}
