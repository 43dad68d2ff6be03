import { buildBenchApp } from '../support/app.ts'
import { isReady } from '../support/ready.ts'

// The server, and AI staff that may ask, with a role of the owner's.
const { app, db, close } = await buildBenchApp(process.env.DATABASE_URL ?? '')
const base = await app.listen({ host: '127.0.0.1', port: 0 })
const session = await db.selectFrom('sessions').select(['id', 'user_id']).executeTakeFirstOrThrow()
const organization = await db.selectFrom('organizations').select('id').executeTakeFirstOrThrow()
const role = await db.selectFrom('roles').select('id').executeTakeFirstOrThrow()
const made = await app.inject({
  method: 'POST',
  url: `/api/v1/organizations/${organization.id}/service-accounts`,
  headers: { authorization: `Bearer ${app.signAccessToken(session.user_id, session.id)}` },
  payload: { name: 'Bench', role_ids: [role.id] },
})
isReady({ base, token: made.json().token }, close)
