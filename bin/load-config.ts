import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, readConfig } from '../src/config.ts'

export type ConfigWithSecrets = Config & { jwtSecret: string; encryptionKeys: NonNullable<Config['encryptionKeys']> }

/**
 * The configuration of the environment, with secrets. Beside the embedded database they are made once and kept in
 * `DATA_DIR/secrets.env` with mode 0600; with DATABASE_URL they must be given.
 */
export async function loadConfig(env: NodeJS.ProcessEnv): Promise<ConfigWithSecrets> {
  const config = readConfig(env)
  if (config.jwtSecret && config.encryptionKeys) return { ...config, ...secretsOf(config) }
  const kept = await keptSecrets(config.dataDir)
  const complete = readConfig({ ...kept, ...env })
  return { ...complete, ...secretsOf(complete) }
}

function secretsOf({ jwtSecret, encryptionKeys }: Config) {
  if (jwtSecret === undefined || encryptionKeys === undefined) throw new Error('secrets are missing')
  return { jwtSecret, encryptionKeys }
}

async function keptSecrets(dataDir: string): Promise<Record<string, string>> {
  const path = join(dataDir, 'secrets.env')
  await mkdir(dataDir, { recursive: true })
  const made = {
    JWT_SECRET: randomBytes(48).toString('base64'),
    HS_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  }
  const text = Object.entries(made).map(([name, value]) => `${name}=${value}\n`)
  try {
    await writeFile(path, text.join(''), { mode: 0o600, flag: 'wx' })
    await chmod(path, 0o600)
    return made
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    const lines = (await readFile(path, 'utf8')).trim().split('\n')
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)))
  }
}
