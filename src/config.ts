import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isAddressOrNetwork } from './egress/address.ts'
import { parseAllowEntry } from './egress/destination.ts'
import { authorityOf } from './network.ts'
import { type KeyRing, parseKeyRing } from './secrets/cipher.ts'
import { SOCIAL_NETWORKS, type SocialSettings } from './social/index.ts'

export type Role = 'all' | 'api' | 'worker'

/** Everything that can be set from outside, validated and frozen. Times are milliseconds unless named otherwise. */
export type Config = Readonly<{
  host: string
  port: number
  /** Where clients reach this server, without a trailing slash: in the OpenAPI document and in URLs it hands out. */
  publicUrl: string
  /** Where visitors of tunnels come in. */
  tunnelPort: number
  /** Where they reach it, without the names of the tunnels, which stand in front of its host; without a trailing slash. */
  tunnelUrl: string
  /** Where other servers on the same database reach this one, to pass on what its tunnels carry; port 0 is any free one. */
  peer: Readonly<{ host: string; port: number }>
  /** A Postgres ≥ 15; undefined means the embedded one in `dataDir`. */
  databaseUrl: string | undefined
  dataDir: string
  role: Role
  /** Undefined only with the embedded database, whose secrets are made once and kept in `dataDir`. */
  jwtSecret: string | undefined
  encryptionKeys: KeyRing | undefined
  corsOrigin: string[]
  logLevel: string
  /** Requests per minute and token (or address, where there is no token); undefined is no limit. */
  rateLimit: number | undefined
  /**
   * Whose `X-Forwarded-For` is believed: a number is how many proxies stand in front, a list has their addresses and networks,
   * and true believes everybody.
   */
  trustProxy: boolean | number | string[]
  multiTenant: boolean
  demo: boolean
  /** For how many days finished runs are kept. */
  retentionDays: number
  /** `host:port` of what outbound requests may reach although its address is not public. */
  egressAllow: string[]
  /** Where social networks are, and by which version of its API LinkedIn is asked. */
  social: SocialSettings
}>

/** A setting that can't be used; the message names the variable and says what it takes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Environment = Record<string, string | undefined>

const MAX_PROXIES = 32
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/**
 * Reads the environment, the only reader of it in the program.
 *
 * @throws ConfigError with one line that names the variable, on the first value that can't be used.
 */
export function readConfig(env: Environment): Config {
  const host = text(env, 'HOST') ?? '127.0.0.1'
  const port = integer(env, 'PORT', 0, 65_535) ?? 8080
  const tunnelPort = integer(env, 'TUNNEL_PORT', 0, 65_535) ?? (port === 0 ? 0 : (port % 65_535) + 1)
  const databaseUrl = databaseUrlOf(env)
  const jwtSecret = text(env, 'JWT_SECRET')
  if (jwtSecret !== undefined && jwtSecret.length < 32)
    throw new ConfigError('JWT_SECRET: takes at least 32 characters')
  const encryptionKeys = encryptionKeysOf(env)
  if (databaseUrl !== undefined && !(jwtSecret && encryptionKeys))
    throw new ConfigError(
      'DATABASE_URL is set, so JWT_SECRET (at least 32 characters) and HS_ENCRYPTION_KEY (openssl rand -base64 32) must be set too',
    )
  return Object.freeze({
    host,
    port,
    publicUrl: publicUrlOf(env) ?? `http://${authorityOf(host, port)}`,
    tunnelPort,
    tunnelUrl: tunnelUrlOf(env) ?? `http://localhost:${tunnelPort}`,
    peer: { host: text(env, 'PEER_HOST') ?? reachable(host), port: integer(env, 'PEER_PORT', 0, 65_535) ?? 0 },
    databaseUrl,
    dataDir: dataDirOf(env),
    role: oneOf(env, 'ROLE', ['all', 'api', 'worker']) ?? 'all',
    jwtSecret,
    encryptionKeys,
    corsOrigin: corsOriginOf(env),
    logLevel: oneOf(env, 'LOG_LEVEL', LOG_LEVELS) ?? 'info',
    rateLimit: text(env, 'RATE_LIMIT') === 'off' ? undefined : (integer(env, 'RATE_LIMIT', 1, 1e9) ?? 6000),
    trustProxy: trustProxyOf(env),
    multiTenant: flag(env, 'MULTI_TENANT') ?? false,
    demo: flag(env, 'DEMO') ?? true,
    retentionDays: integer(env, 'RETENTION_DAYS', 1, 36_500) ?? 90,
    egressAllow: egressAllowOf(env),
    social: socialOf(env),
  })
}

function socialOf(env: Environment): SocialSettings {
  const version = text(env, 'LINKEDIN_VERSION') ?? SOCIAL_NETWORKS.linkedInVersion
  if (!/^20\d\d(?:0[1-9]|1[0-2])$/.test(version))
    throw new ConfigError(`LINKEDIN_VERSION: takes a year and a month like 202610, not "${version}"`)
  return {
    xBase: baseUrl(env, 'X_API_BASE_URL') ?? SOCIAL_NETWORKS.xBase,
    linkedInBase: baseUrl(env, 'LINKEDIN_API_BASE_URL') ?? SOCIAL_NETWORKS.linkedInBase,
    linkedInVersion: version,
  }
}

/** A URL to which paths are appended. */
function baseUrl(env: Environment, name: string): string | undefined {
  const value = text(env, name)
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new ConfigError(`${name}: takes a URL like https://api.example.com, not "${value}"`)
  return value.replace(/\/+$/, '')
}

function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

function integer(env: Environment, name: string, least: number, most: number): number | undefined {
  const value = text(env, name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (!Number.isInteger(number) || number < least || number > most)
    throw new ConfigError(`${name}: takes a whole number from ${least} to ${most}, not "${value}"`)
  return number
}

function oneOf<const T extends string>(env: Environment, name: string, allowed: readonly T[]): T | undefined {
  const value = text(env, name)
  if (value === undefined) return undefined
  const match = allowed.find((each) => each === value)
  if (match === undefined) throw new ConfigError(`${name}: takes one of ${allowed.join(', ')}, not "${value}"`)
  return match
}

function flag(env: Environment, name: string): boolean | undefined {
  const value = oneOf(env, name, ['0', '1', 'false', 'true'])
  return value === undefined ? undefined : value === '1' || value === 'true'
}

/** libpq's variables of TLS count where the URL says nothing of it: pg would read them too, but each in another way. */
const TLS_VARIABLES = { sslmode: 'PGSSLMODE', sslrootcert: 'PGSSLROOTCERT', sslcert: 'PGSSLCERT', sslkey: 'PGSSLKEY' }

function databaseUrlOf(env: Environment): string | undefined {
  const value = text(env, 'DATABASE_URL')
  // The value holds a password: the message must not repeat it.
  if (value !== undefined && !/^postgres(ql)?:\/\//.test(value))
    throw new ConfigError('DATABASE_URL: takes a URL like postgres://user:password@host:5432/database')
  const url = URL.parse(value ?? '') // pg also takes some that are none, such as those of sockets
  const added = Object.entries(TLS_VARIABLES).flatMap(([name, variable]) => {
    const given = text(env, variable)
    return given === undefined || url === null || url.searchParams.has(name) ? [] : [[name, given] as const]
  })
  for (const [name, given] of added) url?.searchParams.set(name, given)
  return added.length === 0 ? value : url?.href
}

function publicUrlOf(env: Environment): string | undefined {
  const value = text(env, 'PUBLIC_URL')
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash)
    throw new ConfigError(`PUBLIC_URL: takes a URL like https://automations.example.com, not "${value}"`)
  return url.href.replace(/\/+$/, '')
}

function tunnelUrlOf(env: Environment): string | undefined {
  const value = text(env, 'TUNNEL_URL')
  if (value === undefined) return undefined
  const url = URL.parse(value)
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
  if (!isOrigin || url.hostname.includes('*') || isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0)
    throw new ConfigError(`TUNNEL_URL: takes a URL with a host name like https://tunnels.example.net, not "${value}"`)
  return url.origin
}

/** An address of this machine that others may know, where it listens on all that it has. */
function reachable(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const outer = addresses.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  return (outer.find(({ family }) => family === 'IPv4') ?? outer[0])?.address ?? '127.0.0.1'
}

function trustProxyOf(env: Environment): Config['trustProxy'] {
  const value = text(env, 'TRUST_PROXY') ?? 'false'
  if (value === 'false' || value === 'true') return value === 'true'
  if (/^\d+$/.test(value)) return integer(env, 'TRUST_PROXY', 0, MAX_PROXIES) ?? 0
  const entries = value.split(',').map((entry) => entry.trim())
  const wrong = entries.find((entry) => !isAddressOrNetwork(entry))
  if (wrong !== undefined)
    throw new ConfigError(
      `TRUST_PROXY: takes the number of proxies in front, or their addresses and networks (10.0.0.0/8) with commas between, not "${wrong}"`,
    )
  return entries
}

/** Browsers send an origin as scheme, host and port, and nothing else ever equals it. */
function corsOriginOf(env: Environment): string[] {
  return listOf(env, 'CORS_ORIGIN').map((entry) => {
    const url = URL.parse(entry)
    const isOrigin = url !== null && ['http:', 'https:'].includes(url.protocol) && url.href === `${url.origin}/`
    if (!isOrigin)
      throw new ConfigError(
        `CORS_ORIGIN: takes origins like https://app.example.com, with commas between, not "${entry}"`,
      )
    return url.origin
  })
}

function listOf(env: Environment, name: string): string[] {
  return (text(env, name) ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}

/** Postgres keeps the path as a line of a file, and can't be called with a null byte. */
function dataDirOf(env: Environment): string {
  const value = text(env, 'DATA_DIR') ?? '.data'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to find
  if (/[\u0000-\u001f\u007f]/.test(value)) throw new ConfigError('DATA_DIR: takes a path without control characters')
  return value
}

function egressAllowOf(env: Environment): string[] {
  return listOf(env, 'EGRESS_ALLOW').map((entry) => {
    const authority = parseAllowEntry(entry)
    if (authority === undefined)
      throw new ConfigError(`EGRESS_ALLOW: takes host:port with commas between, not "${entry}"`)
    return authority
  })
}

function encryptionKeysOf(env: Environment): KeyRing | undefined {
  const value = text(env, 'HS_ENCRYPTION_KEY')
  if (value === undefined) return undefined
  const ring = parseKeyRing(value)
  if (ring === undefined)
    throw new ConfigError(
      'HS_ENCRYPTION_KEY: takes 32 bytes in base64 (openssl rand -base64 32), or a ring "kid:base64,kid:base64" whose first key encrypts',
    )
  return ring
}
