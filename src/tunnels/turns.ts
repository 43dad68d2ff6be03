/**
 * Makes what does no more than so much in one turn of the event loop, and the rest in the turns that follow, in order. What was
 * written to a session of HTTP/2 leaves at the end of a turn: with a long one, both ends of a tunnel wait for each other.
 *
 * @param most calls in one turn.
 */
export function inTurns<A extends unknown[]>(most: number, go: (...args: A) => void): (...args: A) => void {
  const waiting: A[] = []
  let done = 0
  const next = () => {
    done = 0
    for (const args of waiting.splice(0, most)) {
      done++
      go(...args)
    }
    if (done > 0) setImmediate(next)
  }
  return (...args) => {
    if (waiting.length > 0 || done >= most) return void waiting.push(args)
    if (done === 0) setImmediate(next)
    done++
    go(...args)
  }
}
