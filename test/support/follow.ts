import type { Test } from 'tap'

// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
export type Followed = { id: string; data: any }

/** A stream of server-sent events that is read as it comes, until the test ends. */
export async function follow(t: Test, url: string, headers: Record<string, string>) {
  const controller = new AbortController()
  t.teardown(() => controller.abort())
  const response = await fetch(url, { headers, signal: controller.signal })
  const events: Followed[] = []
  let lastId = ''
  const ended = read()
  ended.catch(() => {}) // the test's end cuts it

  async function read(): Promise<void> {
    let rest = ''
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) take(block)
    }
  }

  function take(block: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    lastId = field('id') ?? lastId
    const data = field('data')
    if (data !== undefined) events.push({ id: lastId, data: JSON.parse(data) })
  }

  return { status: response.status, headers: response.headers, events, ended, lastId: () => lastId }
}
