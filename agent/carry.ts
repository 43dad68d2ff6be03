import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex, Readable } from 'node:stream'

/**
 * Lets bytes pass between a stream and what stands behind it, as they are. What ends one ends the other, and neither holds what the
 * other can't take.
 */
export function carry(stream: ServerHttp2Stream, behind: Duplex): void {
  stream.pipe(behind)
  behind.pipe(stream)
  behind.once('close', () => {
    // Once what it has said is written: half of a stream would be taken for a connection that can be used again.
    if (!stream.writableEnded) stream.end()
    stream.close()
  })
  // Or its buffers stay.
  stream.once('close', () => behind.destroy())
}

const MAX_LINE = 16_384

/** Reads JSON, an object a line. What is no such line is left out. */
export function readLines<T>(stream: Readable, onLine: (line: T) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()?.slice(0, MAX_LINE) ?? ''
    for (const line of lines) {
      try {
        onLine(JSON.parse(line))
      } catch {}
    }
  })
}
