import fp from 'fastify-plugin'
import type { Database } from '../../db/client.ts'
import { isMigrated } from '../../db/migrate.ts'
import { ref } from '../../schemas/component.ts'
import { errors } from '../../schemas/errors.ts'
import { HealthResponse } from '../../schemas/health.ts'
import { tryAgain } from '../../src/errors.ts'

const READINESS_SECONDS = 2

declare module 'fastify' {
  interface FastifyInstance {
    /** From here on `/readyz` says 503, so that a load balancer sends nothing more while what is in flight ends. */
    stopBeingReady(): void
  }
}

type Options = { db: Database; isWorking?: (() => boolean) | undefined }

/**
 * `/healthz`: this process lives. `/readyz`: it can do its work, because the database answers and is migrated, and its worker,
 * where it has one, looks for what to run.
 */
export default fp<Options>(
  async (app, { db, isWorking = () => true }) => {
    let stopping = false
    app.decorate('stopBeingReady', () => {
      stopping = true
    })

    app.get(
      '/healthz',
      {
        config: { public: true },
        schema: {
          operationId: 'getHealth',
          tags: ['Health'],
          summary: 'Is the process alive?',
          description: 'Asks nothing of the database.',
          response: { 200: ref(HealthResponse) },
        },
      },
      async () => ({ status: 'ok' as const }),
    )

    app.get(
      '/readyz',
      {
        config: { public: true },
        schema: {
          operationId: 'getReadiness',
          tags: ['Health'],
          summary: 'Can it do its work?',
          description:
            'The database answers and has every migration of this program, what runs automations in this process does so, and the server is not stopping.',
          response: { 200: ref(HealthResponse), ...errors(503) },
        },
      },
      async () => {
        const late = new Promise<boolean>((resolve) => setTimeout(resolve, READINESS_SECONDS * 1000, false).unref())
        if (stopping || !isWorking() || !(await Promise.race([isMigrated(db), late]))) throw tryAgain()
        return { status: 'ok' as const }
      },
    )
  },
  { name: 'health', dependencies: ['authorization'] },
)
