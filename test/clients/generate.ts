import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { execute, missing } from './command.ts'
import { defaultOut, LANGUAGES } from './languages.ts'

// Makes a client of openapi.yaml:
//   npm run sdk -- --lang python [--out DIR]
const { values } = parseArgs({ options: { lang: { type: 'string' }, out: { type: 'string' } } })
const language = LANGUAGES[values.lang ?? '']
if (values.lang === undefined || language === undefined) fail(`--lang is one of ${Object.keys(LANGUAGES).join(', ')}`)
const absent = missing(language)
if (absent !== undefined) fail(`${absent} is not installed here, or too old`)

const out = values.out === undefined ? defaultOut(values.lang) : resolve(values.out)
await mkdir(out, { recursive: true })
for (const command of language.generate(join(import.meta.dirname, '../../openapi.yaml'), out)) await execute(command)
console.log(`${language.name} (${language.tool}): ${out}`)

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
