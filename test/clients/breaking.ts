import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { recordResult } from '../support/results.ts'

const ROOT = join(import.meta.dirname, '../..')
const RELEASED = join(ROOT, 'docs/released')
const DOCUMENT = join(ROOT, 'openapi.yaml')
const OASDIFF = 'github.com/oasdiff/oasdiff@v1.36.0'

/** Of oasdiff: it compared, and something breaks. */
const BREAKS = 1

type Operation = { requestBody?: object; responses: Record<string, object> }
type Property = { type?: string; description?: string; enum?: string[] }
type Document = {
  info: { version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { properties?: Record<string, Property>; required?: string[] }> }
}

/** What would break a client, each made to the present document: the check itself is held to finding them. */
const BREAKING: Record<string, (document: Document) => void> = {
  'an operation is gone': ({ paths }) => {
    delete paths['/api/v1/me']?.patch
  },
  'a body wants one key more': ({ components: { schemas } }) => {
    schemas.SpaceCreate?.required?.push('description')
  },
  'an answer lost a key': ({ components: { schemas } }) => {
    delete schemas.Space?.properties?.name
    if (schemas.Space) schemas.Space.required = schemas.Space.required?.filter((key) => key !== 'name') ?? []
  },
  'a status can’t be set any more': ({ components: { schemas } }) => {
    schemas.AutomationUpdate?.properties?.status?.enum?.pop()
  },
}

const HARMLESS: Record<string, (document: Document) => void> = {
  'nothing changed': () => {},
  'an answer has a key more': ({ components: { schemas } }) => {
    if (schemas.Space?.properties) schemas.Space.properties.colour = { type: 'string', description: 'New.' }
  },
  'an operation is new': ({ paths }) => {
    paths['/api/v1/new'] = { get: { responses: { 204: { description: 'New.' } } } }
  },
}

/** The output of oasdiff with these two documents, where the second breaks what the first promised. */
function breaks(before: string, after: string): string | undefined {
  const flags = ['--fail-on', 'ERR', '--format', 'text']
  const { status, stdout, stderr } = spawnSync('go', ['run', OASDIFF, 'breaking', before, after, ...flags], {
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-mod=mod' },
  })
  // `go run` reports any failure as 1: what was compared says how many changes it found.
  if (status === BREAKS && /\d+ changes?/.test(stdout)) return stdout
  if (status !== 0) throw new Error(`oasdiff failed: ${stderr || stdout}`)
  return undefined
}

/** Whether the check tells what breaks from what does not. @returns how many examples it was tried with. */
async function tryItself(): Promise<number> {
  const text = await readFile(DOCUMENT, 'utf8')
  const folder = await mkdtemp(join(tmpdir(), 'hyperspeed-openapi-'))
  try {
    const cases = [
      ...Object.entries(BREAKING).map(([what, change]) => ({ what, change, mustBreak: true })),
      ...Object.entries(HARMLESS).map(([what, change]) => ({ what, change, mustBreak: false })),
    ]
    for (const { what, change, mustBreak } of cases) {
      const document: Document = parse(text)
      change(document)
      const changed = join(folder, 'openapi.yaml')
      await writeFile(changed, stringify(document, { aliasDuplicateObjects: false }))
      if ((breaks(DOCUMENT, changed) !== undefined) !== mustBreak)
        throw new Error(`oasdiff ${mustBreak ? 'did not find' : 'took for breaking'}: ${what}`)
    }
    return cases.length
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The last released document that this one must not break; undefined where there is none. */
async function lastReleased(version: string): Promise<string | undefined> {
  const names = (await readdir(RELEASED)).filter((name) => /^openapi-\d+\.\d+\.\d+\.yaml$/.test(name))
  const versions = names.map((name) => name.slice('openapi-'.length, -'.yaml'.length))
  const compare = new Intl.Collator('en', { numeric: true }).compare
  const last = versions
    .filter((each) => promises(each) === promises(version))
    .sort(compare)
    .at(-1)
  return last === undefined ? undefined : join(RELEASED, `openapi-${last}.yaml`)
}

/** The part of a version that changes when something breaks. */
function promises(version: string): string {
  const [major = '', minor = ''] = version.split('.')
  return major === '0' ? `0.${minor}` : major
}

async function main(): Promise<number> {
  const [, version = ''] = OASDIFF.split('@')
  const row = { tool: 'oasdiff', version }
  if (spawnSync('go', ['version']).status !== 0) {
    console.log('left out: Go is not installed here')
    await recordResult({ ...row, checks: '0', result: 'left out: no Go here' })
    return 0
  }
  const examples = await tryItself()
  console.log(`oasdiff tells what breaks from what does not in ${examples} examples`)
  const breaking = await compare()
  const result = breaking === 0 ? 'nothing breaks' : 'failed'
  await recordResult({ ...row, checks: `${examples} examples, last release`, result })
  return breaking
}

/** @returns the exit code. */
async function compare(): Promise<number> {
  const document: Document = parse(await readFile(DOCUMENT, 'utf8'))
  const released = await lastReleased(document.info.version)
  if (released === undefined) {
    console.log(`no release yet that ${document.info.version} must not break`)
    return 0
  }
  const found = breaks(released, DOCUMENT)
  console.log(found ?? `nothing breaks for clients of ${released}`)
  return found === undefined ? 0 : 1
}

process.exitCode = await main()
