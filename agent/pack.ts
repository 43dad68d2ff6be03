import { execFile } from 'node:child_process'
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { version } from '../bin/version.ts'

// Packs the agent by itself, for machines that have Node and nothing of this repository: one JavaScript file, and a package
// around it that npm installs.
//   npm run agent:pack                 into dist/
//   npm run agent:pack -- FOLDER       somewhere else

const MAX_BYTES = 100_000
const FOLDER = join(import.meta.dirname, '..', 'dist')

const out = process.argv[2] ?? FOLDER
const folder = join(out, 'agent')
await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
const file = join(folder, 'hyperspeed.js')
await build({
  entryPoints: [join(import.meta.dirname, 'main.ts')],
  outfile: file,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node22',
  // What is loaded only where it is needed stays so in this format, Node's own modules too.
  format: 'cjs',
  define: { AGENT_VERSION: JSON.stringify(version) },
  // ws works without what speeds it up: one that is installed beside the file is taken.
  external: ['bufferutil', 'utf-8-validate'],
  legalComments: 'none',
})
await chmod(file, 0o755)
const { size } = await stat(file)
if (size > MAX_BYTES) throw new Error(`the agent has ${size} bytes, of at most ${MAX_BYTES}`)
const manifest = {
  name: 'hyperspeed-agent',
  version,
  description: "Carries the requests of a tunnel's visitors to a service on this machine.",
  license: 'MIT',
  bin: { hyperspeed: 'hyperspeed.js' },
  files: ['hyperspeed.js'],
  engines: { node: '>=22' },
}
await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
const { stdout } = await promisify(execFile)('npm', ['pack', '--silent', '--pack-destination', out, folder])
console.log(`${join(out, stdout.trim())}: ${size} bytes of JavaScript`)
