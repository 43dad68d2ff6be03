import { createRequire, registerHooks } from 'node:module'
import type TwitterText from 'twitter-text'

let loaded: typeof TwitterText | undefined

/**
 * X's own library for what counts in a post, and where its links are, without its polyfills. It is loaded with the first post that is
 * measured: a tenth of a second, and 1 MB of heap, which nobody pays who posts nothing.
 */
export function twitter(): typeof TwitterText {
  loaded ??= load()
  return loaded
}

function load(): typeof TwitterText {
  // It brings polyfills along (core-js 2.6) that change RegExp.prototype, after which every `replace` in the process takes V8's slow way
  // (534 ns in place of 46 for a short text, Node 26.10). Node has all that they would add.
  const hooks = registerHooks({
    load: (url, context, nextLoad) =>
      url.includes('/node_modules/core-js/')
        ? { format: 'commonjs', source: '', shortCircuit: true }
        : nextLoad(url, context),
  })
  try {
    return createRequire(import.meta.url)('twitter-text')
  } finally {
    hooks.deregister()
  }
}
