import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SDK = join(import.meta.dirname, '../../.sdk')

/** Whether there is a Python that can have packages of its own: 3.10 or newer, with venv and pip. */
export async function hasPython(): Promise<boolean> {
  const check = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'
  return run('python3', ['-c', check]).then(
    () => true,
    () => false,
  )
}

/**
 * Installs pinned Python packages into a folder of `.sdk/`, unless they are there.
 *
 * @param requirements the file that pins them, for pip.
 * @returns the folder of their programs.
 */
export async function venvOf(name: string, requirements: string): Promise<string> {
  const [folder, wanted] = [join(SDK, name), await readFile(requirements, 'utf8')]
  const [bin, mark] = [join(folder, 'bin'), join(folder, 'requirements.txt')]
  if ((await readFile(mark, 'utf8').catch(() => '')) === wanted) return bin
  console.log(`installing ${name} …`)
  await run('python3', ['-m', 'venv', '--clear', folder])
  await run(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', requirements])
  // Written last, so that an installation which was cut off is not taken for a finished one.
  await writeFile(mark, wanted)
  return bin
}
