import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { recordResult } from '../support/results.ts'
import packageJson from './package.json' with { type: 'json' }

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(import.meta.dirname, 'node_modules/.bin')
const DOCUMENT = join(ROOT, 'openapi.yaml')
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

const redocly = ['lint', '--config', join(ROOT, 'redocly.yaml'), DOCUMENT]
const spectral = ['lint', '--ruleset', join(ROOT, '.spectral.yaml'), '--fail-severity', 'hint', DOCUMENT]

const { devDependencies } = packageJson
const LINTERS = [
  { tool: 'redocly', rules: 'recommended-strict', version: devDependencies['@redocly/cli'], args: redocly },
  { tool: 'spectral', rules: 'oas, OWASP', version: devDependencies['@stoplight/spectral-cli'], args: spectral },
]

// Reads openapi.yaml as others would: any finding, however small, fails.
for (const { tool, rules, version, args } of LINTERS) {
  const { status } = spawnSync(join(BIN, tool), args, { stdio: 'inherit', env: { ...process.env, ...QUIET } })
  if (status !== 0) process.exitCode = 1
  await recordResult({ tool, version, checks: rules, result: status === 0 ? 'no findings' : 'failed' })
}
