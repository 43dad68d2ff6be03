/** What a preview says of places whose templates make what can't be stored. */
export function replacedWarnings(places: readonly string[]): string[] {
  return places.map((path) => `the template ${path} makes what can't be stored: U+FFFD stands in its place`)
}
