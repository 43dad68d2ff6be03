/** The JSON pointer of a place (RFC 6901). */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The place around one; of the whole there is none. */
export function parentOf(pointer: string): string | undefined {
  const end = pointer.lastIndexOf('/')
  return end < 0 ? undefined : pointer.slice(0, end)
}

/** The first of a place and those around it for which something is found. */
export function nearest<T>(pointer: string, find: (pointer: string) => T | undefined | null): T | undefined {
  for (let at: string | undefined = pointer; at !== undefined; at = parentOf(at)) {
    const found = find(at)
    if (found !== undefined && found !== null) return found
  }
  return undefined
}
