/** What a preview says of places whose templates make what can't be stored. */
export function replacedWarnings(places: readonly string[]): string[] {
  return places.map((path) => `the template ${path} makes what can't be stored: U+FFFD stands in its place`)
}

/** What a preview says of a URL that anybody on the way can read. */
export function plainWarnings(url: string): string[] {
  return /^http:/i.test(url) ? ['http is not encrypted: others on the way can read and change it'] : []
}
