/** What of pg's own parts its types leave out. */
declare module 'pg/lib/utils.js' {
  const utils: {
    /** A value as the protocol carries it. */
    prepareValue(value: unknown): Buffer | string | null
  }
  export default utils
}
