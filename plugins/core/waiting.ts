import fp from 'fastify-plugin'
import type { Database } from '../../db/client.ts'
import { createRunWaits, type RunWaits } from '../../src/runs/waits.ts'
import { createFeed, type Feed } from '../../src/space-events.ts'

const LOOK_FOR_ENDS_MS = 100
const LOOK_FOR_NEWS_MS = 500

declare module 'fastify' {
  interface FastifyInstance {
    runWaits: RunWaits
    spaceFeed: Feed
  }
}

/** What answers wait for, with one look for all of them. Whoever waits is let go before the server closes. */
export default fp<{ db: Database }>(
  async (app, { db }) => {
    const onError = (message: string) => (err: unknown) => app.log.warn({ err }, message)
    const runWaits = createRunWaits({
      db,
      everyMs: LOOK_FOR_ENDS_MS,
      onError: onError('could not look for the ends of runs'),
    })
    const spaceFeed = createFeed({
      db,
      everyMs: LOOK_FOR_NEWS_MS,
      onError: onError('could not look for news of spaces'),
    })
    app.decorate('runWaits', runWaits)
    app.decorate('spaceFeed', spaceFeed)
    app.addHook('preClose', async () => {
      runWaits.close()
      spaceFeed.close()
    })
  },
  { name: 'waiting' },
)
