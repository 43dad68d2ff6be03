import { createRequire, registerHooks } from 'node:module'
import type TwitterText from 'twitter-text'

// It brings polyfills along (core-js 2.6) that change RegExp.prototype, after which every `replace` in the process takes V8's slow way
// (534 ns in place of 46 for a short text, Node 26.10). Node has all that they would add.
const hooks = registerHooks({
  load: (url, context, nextLoad) =>
    url.includes('/node_modules/core-js/')
      ? { format: 'commonjs', source: '', shortCircuit: true }
      : nextLoad(url, context),
})

/** X's own library for what counts in a post, and where its links are, without its polyfills. */
export const twitter: typeof TwitterText = createRequire(import.meta.url)('twitter-text')

hooks.deregister()
