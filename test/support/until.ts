import { setTimeout as wait } from 'node:timers/promises'

/** Asks again and again until the answer is truthy. @returns that answer. @throws after `withinMs`. */
export async function until<T>(condition: () => Promise<T>, withinMs = 60_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const answer = await condition()
    if (answer) return answer
    if (Date.now() > deadline) throw new Error(`still not true after ${withinMs} ms`)
    await wait(20)
  }
}
