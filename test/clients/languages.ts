import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const TOOLS = join(ROOT, '.sdk/tools')
const NODE_BIN = join(import.meta.dirname, 'node_modules/.bin')

/** A program to run: in which folder, with what in the environment beside what is there. */
export type Command = { run: readonly [string, ...string[]]; in?: string; env?: Record<string, string> }

/** How a client in one language is made, and the program that uses it. */
export type Language = {
  name: string
  tool: string
  /** Commands that must be on the machine, by their way to say a version. */
  needs: readonly (readonly [string, ...string[]])[]
  /** Makes the client in a folder. */
  generate(openapi: string, out: string): Command[]
  /** Builds and checks the program against the client in its usual folder. */
  build: Command[]
  /** Runs it. `HS_URL` is in its environment; its last line is the number of its checks. */
  program: Command
}

const here = (...parts: string[]) => join(import.meta.dirname, ...parts)

/** Where the client of a language is made when nobody says otherwise. */
export function defaultOut(language: string): string {
  return join(ROOT, '.sdk', language)
}

const INSTALL_NODE_TOOLS: Command = { run: ['node', 'bin/install.js', 'test/clients'], in: ROOT }
const checkTypes = (program: string): Command => ({ run: ['npx', 'tsc', '-p', here(program)], in: ROOT })
/** Kept between runs: what a client depends on is compiled once. */
const RUST_TARGET = { CARGO_TARGET_DIR: join(TOOLS, 'rust-target') }
const PYTHON = join(TOOLS, 'python/bin/python')

/** With nothing set that has a default: that must compile too. */
const PLAIN_GO = join(TOOLS, 'go-openapi-generator/plain')
const generateGo = (openapi: string, out: string, ...more: string[]): Command => ({
  run: ['mvn', '-q', '-B', 'generate-sources', `-Dopenapi=${openapi}`, `-Dout=${out}`, ...more],
  in: here('go-openapi-generator'),
})

export const LANGUAGES: Record<string, Language> = {
  'openapi-fetch': {
    name: 'TypeScript (openapi-fetch)',
    tool: 'openapi-typescript 7.13.0, openapi-fetch 0.17.0',
    needs: [],
    generate: (openapi, out) => [
      INSTALL_NODE_TOOLS,
      { run: [join(NODE_BIN, 'openapi-typescript'), openapi, '--output', join(out, 'hyperspeed.d.ts')] },
    ],
    build: [checkTypes('openapi-fetch')],
    program: { run: ['node', here('openapi-fetch/main.ts')] },
  },
  'hey-api': {
    name: 'TypeScript (Hey API)',
    tool: '@hey-api/openapi-ts 0.99.0',
    needs: [],
    generate: (openapi, out) => [
      INSTALL_NODE_TOOLS,
      {
        run: [join(NODE_BIN, 'openapi-ts'), '--file', here('hey-api/config.mjs')],
        env: { OPENAPI: openapi, OUT: out },
      },
    ],
    build: [checkTypes('hey-api')],
    program: { run: ['node', here('hey-api/main.ts')] },
  },
  zod: {
    name: 'TypeScript (zod)',
    tool: 'openapi-zod-client 1.18.3',
    needs: [],
    generate: (openapi, out) => [
      INSTALL_NODE_TOOLS,
      { run: [join(NODE_BIN, 'openapi-zod-client'), openapi, '--output', join(out, 'hyperspeed.ts')] },
    ],
    build: [
      // What the client imports.
      { run: ['ln', '-sfn', here('node_modules'), join(defaultOut('zod'), 'node_modules')] },
      checkTypes('zod'),
    ],
    program: { run: ['node', here('zod/main.ts')] },
  },
  python: {
    name: 'Python',
    tool: 'openapi-python-client 0.29.1',
    needs: [['python3', '-c', 'import sys, venv; sys.exit(sys.version_info < (3, 11))']],
    generate: (openapi, out) => [
      { run: ['python3', '-m', 'venv', join(TOOLS, 'python')] },
      { run: [PYTHON, '-m', 'pip', 'install', '--quiet', '--requirement', here('python/requirements.txt')] },
      {
        run: [
          join(TOOLS, 'python/bin/openapi-python-client'),
          'generate',
          ...['--path', openapi, '--output-path', join(out, 'hyperspeed'), '--meta', 'none', '--overwrite'],
          ...['--config', here('python/config.yaml')],
        ],
      },
    ],
    build: [
      {
        run: [PYTHON, '-m', 'mypy', '--strict', '--explicit-package-bases', here('python/main.py')],
        env: { MYPYPATH: defaultOut('python'), MYPY_CACHE_DIR: join(TOOLS, 'mypy') },
      },
    ],
    program: { run: [PYTHON, here('python/main.py')], env: { PYTHONPATH: defaultOut('python') } },
  },
  go: {
    name: 'Go',
    tool: 'oapi-codegen 2.8.2',
    needs: [['go', 'version']],
    generate: (openapi, out) => [
      { run: ['node', here('go/document.ts'), openapi, join(out, 'openapi.yaml')] },
      { run: ['cp', here('go/sdk.mod'), join(out, 'go.mod')] },
      {
        run: [
          ...['go', 'tool', 'oapi-codegen', '-config', 'oapi-codegen.yaml'],
          ...['-o', join(out, 'hyperspeed.go'), join(out, 'openapi.yaml')],
        ] as [string, ...string[]],
        in: here('go'),
      },
    ],
    build: [{ run: ['go', 'vet', './...'], in: here('go') }],
    program: { run: ['go', 'run', '.'], in: here('go') },
  },
  'go-openapi-generator': {
    name: 'Go (openapi-generator)',
    tool: 'openapi-generator 7.25.0',
    needs: [
      ['go', 'version'],
      ['mvn', '--version'],
    ],
    generate: (openapi, out) => [generateGo(openapi, out)],
    build: [
      generateGo(join(ROOT, 'openapi.yaml'), PLAIN_GO, '-Dlookup=false'),
      { run: ['go', 'build', '-mod=mod', './...'], in: PLAIN_GO },
      { run: ['go', 'vet', './...'], in: here('go-openapi-generator') },
    ],
    program: { run: ['go', 'run', '.'], in: here('go-openapi-generator') },
  },
  rust: {
    name: 'Rust',
    tool: 'progenitor 0.15.1',
    needs: [['cargo', '--version']],
    generate: (openapi, out) => [
      // Built for debugging: that takes a third of the time, and it generates for a second.
      {
        run: [
          'cargo',
          'install',
          '--quiet',
          '--debug',
          '--locked',
          '--root',
          join(TOOLS, 'rust'),
          'cargo-progenitor@0.15.1',
        ],
        env: RUST_TARGET,
      },
      { run: ['node', here('rust/document.ts'), openapi, join(out, 'openapi.yaml')] },
      {
        run: [
          ...[join(TOOLS, 'rust/bin/cargo-progenitor'), 'progenitor', '--input', join(out, 'openapi.yaml')],
          ...[
            '--output',
            out,
            '--name',
            'hyperspeed',
            '--version',
            '0.1.0',
            '--interface',
            'builder',
            '--include-client',
            'false',
          ],
        ] as [string, ...string[]],
      },
    ],
    build: [{ run: ['cargo', 'build', '--quiet', '--locked'], in: here('rust'), env: RUST_TARGET }],
    program: { run: ['cargo', 'run', '--quiet', '--locked'], in: here('rust'), env: RUST_TARGET },
  },
  java: {
    name: 'Java',
    tool: 'openapi-generator 7.25.0',
    needs: [['mvn', '--version']],
    generate: (openapi, out) => [
      { run: ['node', here('java/document.ts'), openapi, join(out, 'openapi.yaml')] },
      {
        run: [
          ...['mvn', '-q', '-B', 'generate-sources'],
          ...[`-Dopenapi=${join(out, 'openapi.yaml')}`, `-Dout=${out}`],
        ] as [string, ...string[]],
        in: here('java'),
      },
    ],
    build: [{ run: ['mvn', '-q', '-B', 'compile'], in: here('java') }],
    program: { run: ['mvn', '-q', '-B', 'exec:java'], in: here('java') },
  },
}
