/** Says on stdout that a program of a suite is ready, and ends it when it is told to. */
export function isReady(answer: Record<string, unknown>, close: () => Promise<unknown>): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
  process.on('SIGTERM', () => {
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}
