import { buildBenchApp } from '../support/app.ts'
import { isReady } from '../support/ready.ts'

// The server, and a session of somebody who may ask.
const { app, db, close } = await buildBenchApp(process.env.DATABASE_URL ?? '')
const base = await app.listen({ host: '127.0.0.1', port: 0 })
const session = await db.selectFrom('sessions').select(['id', 'user_id']).executeTakeFirstOrThrow()
const space = await db.selectFrom('spaces').select(['id', 'organization_id']).executeTakeFirstOrThrow()
const token = app.signAccessToken(session.user_id, session.id)
const { body: sample } = await app.inject({
  url: `/api/v1/organizations/${space.organization_id}/spaces/${space.id}/automations`,
  headers: { authorization: `Bearer ${token}` },
})
isReady({ base, token, sample }, close)
