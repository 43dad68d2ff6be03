import { useSyncExternalStore } from 'react'

/** A value that components outside of one another share. */
export type Store<T> = {
  get(): T
  set(value: T): void
  /** The value, now and whenever it changes. */
  use(): T
}

/**
 * Makes one.
 *
 * @param begin is called when the first component uses it. @returns what ends that, once none does any more.
 */
export function createStore<T>(initial: T, begin: () => () => void = () => () => {}): Store<T> {
  const watchers = new Set<() => void>()
  let value = initial
  let end = () => {}
  const watch = (watcher: () => void) => {
    if (watchers.size === 0) end = begin()
    watchers.add(watcher)
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0) end()
    }
  }
  const get = () => value
  return {
    get,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const each of watchers) each()
    },
    use: () => useSyncExternalStore(watch, get),
  }
}
