// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to escape
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/** What would move the cursor, ring, or change what a terminal shows, as it is written in JSON: it may come from a visitor. */
export function escapeControls(text: string): string {
  return String(text).replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** A number of bytes for people, in powers of 1,000. */
export function bytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1)
  const value = count / 1000 ** power
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[power]}`
}

/** A time for people. */
export function milliseconds(ms: number): string {
  return ms < 10_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** The time of day, by the clock of this machine. */
export function clock(at: Date): string {
  return at.toTimeString().slice(0, 8)
}
