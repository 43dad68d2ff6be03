/** What a decoded path must not hold: it would be read in one way here, and in another by the service. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are among them
const AMBIGUOUS = /[\u0000-\u001f\u007f\\]|%[\da-f]{2}/i
/** A segment that leads elsewhere, also to servers that take what follows a semicolon for something else (Tomcat). */
const DOTS = /^\.{1,2}(?:;|$)/

/**
 * Whether a path begins with one that is allowed, in whole segments, once it has been decoded.
 *
 * @param target of a request: a path, and perhaps a query.
 * @returns undefined where it could be read in more than one way: encoded slashes, backslashes and nulls, dot segments, and what is
 * encoded twice or wrongly.
 */
export function isAllowed(target: string, allowed: readonly string[]): boolean | undefined {
  const [path = ''] = target.split('?', 1)
  if (/%(?:2f|5c|00)|[\\#]/i.test(path)) return undefined
  const decoded = decode(path)
  if (decoded === undefined || AMBIGUOUS.test(decoded)) return undefined
  const segments = decoded.slice(1).split('/')
  if (segments.some((segment) => DOTS.test(segment))) return undefined
  return allowed.map(segmentsOf).some((begin) => begin.every((segment, i) => segments[i] === segment))
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}
