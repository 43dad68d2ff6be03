import { readFile, writeFile } from 'node:fs/promises'
import { createDb } from '../db/client.ts'
import { buildApp } from '../plugins/app.ts'
import { createPasswords } from '../src/access/passwords.ts'
import { KINDS } from '../src/kinds/index.ts'
import { createCipher } from '../src/secrets/cipher.ts'
import { SOCIAL_NETWORKS } from '../src/social/index.ts'
import { wireActions } from './actions.ts'
import { version } from './version.ts'

/**
 * The document as this program would serve it on its default address. Needs no database: nothing is sent before the
 * first query. The bytes depend on nothing but the code.
 */
export async function openapiYaml(): Promise<string> {
  const db = createDb('postgres://nowhere.invalid')
  const cipher = createCipher(new Map([['unused', Buffer.alloc(32)]]))
  const app = await buildApp({
    config: {
      publicUrl: 'http://127.0.0.1:8080',
      tunnelUrl: 'http://localhost:8081',
      corsOrigin: [],
      rateLimit: undefined,
      trustProxy: false,
      multiTenant: false,
    },
    db,
    cipher,
    passwords: createPasswords(),
    actions: wireActions(db, cipher, { egressAllow: [], social: SOCIAL_NETWORKS }).actions,
    kinds: KINDS,
    rules: 'unused',
    queue: { send: startNothing, sendWithin: startNothing },
    jwtSecret: 'unused'.repeat(8),
    version,
  })
  const yaml = app.openapiYaml()
  await app.close()
  return yaml
}

function startNothing(): Promise<never> {
  return Promise.reject(new Error('no run is started while the document is made'))
}

/** Prints the document, writes it to `out`, or compares it with `check`. @returns the exit code. */
export async function openapi({ out, check }: { out?: string; check?: string }): Promise<number> {
  const yaml = await openapiYaml()
  if (check !== undefined) {
    const same = (await readFile(check, 'utf8').catch(() => '')) === yaml
    console.error(same ? `${check} is up to date` : `${check} differs from the routes: run npm run openapi`)
    return same ? 0 : 1
  }
  if (out === undefined) process.stdout.write(yaml)
  else await writeFile(out, yaml)
  return 0
}
