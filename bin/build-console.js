// Runs before `npm start` and `npm test`, after bin/install.js: builds the console (about two seconds) where what is built is missing or
// older than its sources, and does nothing otherwise. A server starts without it, too: only `--force` takes a failure for one. Plain
// JavaScript that imports nothing but Node, for the same reasons.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { argv, execPath, exit, kill, pid } from 'node:process'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const console_ = join(root, 'console')
const built = join(console_, 'dist')
const MADE = /^(node_modules|dist.*)$/

// A packed package has what was built, and no sources.
if (!existsSync(join(console_, 'vite.config.ts'))) exit()
const page = existsSync(join(built, 'assets'))
  ? statSync(join(built, 'index.html'), { throwIfNoEntry: false })
  : undefined
if (page !== undefined && newest(console_) <= page.mtimeMs && !argv.includes('--force')) exit()

console.error('Building the console …')
// Of builds that were cut off.
for (const name of readdirSync(console_))
  if (/^dist\.\d+$/.test(name) && !isAlive(name)) rmSync(join(console_, name), { recursive: true })
const fresh = join(console_, `dist.${pid}`)
const run = (/** @type {string[]} */ ...args) =>
  spawnSync(execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status
const vite = join(console_, 'node_modules/vite/bin/vite.js')
const isBuilt =
  run('bin/install.js', 'console') === 0 &&
  run(vite, 'build', 'console', '--outDir', fresh, '--logLevel', 'error') === 0
// A server that starts meanwhile finds all of what was built before, or all of the new.
if (isBuilt) {
  compress(fresh)
  try {
    rmSync(built, { recursive: true, force: true })
    renameSync(fresh, built)
  } catch {
    // Somebody else built the same at the same moment, and was faster.
    rmSync(fresh, { recursive: true, force: true })
  }
  exit()
}
rmSync(fresh, { recursive: true, force: true })
console.error('The console could not be built. The API works without it.')
exit(argv.includes('--force') ? 1 : 0)

/** Whether the process still builds whose folder this is. */
function isAlive(/** @type {string} */ folder) {
  try {
    return kill(Number(folder.slice('dist.'.length)), 0)
  } catch {
    return false
  }
}

/** Puts what a browser may get in its place beside each file: nothing is compressed while somebody waits. */
function compress(/** @type {string} */ folder) {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(js|css|svg)$/.test(name)) continue
    const content = readFileSync(join(folder, name))
    writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }))
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content))
  }
}

/** When the newest source was changed, in milliseconds since 1970. Where one was removed, that is when its folder was. */
function newest(/** @type {string} */ folder) {
  let latest = folder === console_ ? 0 : statSync(folder).mtimeMs
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (MADE.test(entry.name)) continue
    const path = join(folder, entry.name)
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs)
  }
  return latest
}
