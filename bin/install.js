// Runs before `npm start` and `npm test`, on whatever Node is there and before any dependency is: so it is
// plain JavaScript and imports nothing but Node. It installs from the lockfile when node_modules is missing
// or older than the lockfile, and does nothing otherwise.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', process.argv[2] ?? '')
const modified = (/** @type {string} */ path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0

const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 20) {
  console.error(`Node ${process.versions.node} is too old to install the dependencies: use Node 20 or newer.`)
  process.exit(1)
}

// npm writes this file last, so an install that was cut off is not taken for a finished one.
if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
  console.error('Installing dependencies from package-lock.json (once, about half a minute) …')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    // The dependencies are for the pinned Node, which is one of them: the Node that runs npm may be older.
    env: { ...process.env, npm_config_engine_strict: 'false', NODE_ENV: 'development' },
  })
  if (status !== 0) process.exit(status ?? 1)
}
