// CONTRIBUTING.md explains the table; this is the table.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, posix, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const mayImport: Record<string, readonly string[]> = {
  spec: [],
  errors: [],
  processes: [],
  tfrecord: [],
  cadence: [],
  judgement: ['spec'],
  graph: [],
  config: ['errors'],
  nets: ['graph'],
  engine: ['errors'],
  store: ['processes', 'errors'],
  boosting: ['cadence', 'judgement', 'engine', 'spec', 'errors'],
  training: ['cadence', 'judgement', 'nets', 'graph', 'engine', 'spec', 'errors'],
  tensorboard: ['tfrecord', 'spec'],
  datasets: ['tfrecord', 'store', 'spec', 'errors'],
  jobs: ['store', 'spec', 'errors'],
  models: ['store', 'spec', 'errors'],
  webhooks: ['store', 'spec', 'errors'],
  api: ['jobs', 'datasets', 'models', 'webhooks', 'store', 'spec', 'errors'],
  cli: ['spec'],
  // npm start's process tree: it forks entry points by path and imports none
  supervisor: ['errors', 'spec'],
  workers: [
    ...['spec', 'errors', 'graph', 'nets', 'engine', 'store', 'boosting', 'training'],
    ...['datasets', 'jobs', 'models', 'processes', 'tensorboard'],
  ],
  // of the supervisor: how it starts the API
  bench: [
    ...['spec', 'graph', 'engine', 'store', 'boosting', 'training', 'datasets', 'jobs'],
    ...['processes', 'supervisor', 'test'],
  ],
  // starts the whole and speaks HTTP; of the parts it knows what their files look like
  chaos: ['cli', 'spec', 'store', 'supervisor', 'processes', 'test'],
}

/** Everyone else is handed the settings it needs. */
const entryPoints = [
  'src/api/main.ts',
  'src/supervisor/main.ts',
  'src/cli/demo.ts',
  'workers/worker.ts',
  'workers/trainer.ts',
  'workers/predictor.ts',
  'workers/row-predictor.ts',
]

/** A heavy package is loaded in one place, so that the processes that must not have it do not. */
const homes: readonly (readonly [name: RegExp, home: RegExp])[] = [
  [/^@tensorflow\//, /^src\/engine\//],
  [/^koffi$/, /^src\/boosting\/capi\.ts$/],
  [/^bullmq$/, /^(src\/jobs|workers)\//],
  [/^(fastify|@fastify\/.+)$/, /^src\/api\//],
]

test('each part imports only what the architecture allows', () => {
  for (const { file, target } of imports()) {
    if (!target.startsWith('.')) continue
    const home = part(file)
    const away = part(posix.join(posix.dirname(file), target))
    if (away === home || (away === 'config' && entryPoints.includes(file))) continue
    assert.ok(mayImport[home], `${file}: ${home} is not in the table of parts`)
    assert.ok(mayImport[home].includes(away), `${file} may not import ${away}`)
  }
})

test('every folder of src is in the table, and nothing that is gone', () => {
  const folders = readdirSync(at('src'), { withFileTypes: true }).filter(e => e.isDirectory())
  for (const { name } of folders) assert.ok(mayImport[name], `src/${name} is not in the table`)
  for (const name of Object.keys(mayImport)) {
    const places = [`src/${name}`, `src/${name}.ts`, name]
    assert.ok(
      places.some(place => existsSync(at(place))),
      `there is no part ${name}`,
    )
  }
  for (const file of entryPoints) assert.ok(existsSync(at(file)), `there is no ${file}`)
})

test('CONTRIBUTING.md has the same table', () => {
  const rows = read('CONTRIBUTING.md').matchAll(/^\| `([^`]+)` +\|[^|]*\|([^|]*)\|$/gm)
  const explained = new Map([...rows].map(([, path, cell]) => [part(path!), cell!]))
  for (const [name, allowed] of Object.entries(mayImport)) {
    const cell = explained.get(name)
    assert.ok(cell !== undefined, `CONTRIBUTING.md has no row for ${name}`)
    if (cell.trim().startsWith('part of')) continue
    const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, each]) => each!)
    // of a part that may import nearly all, the words say what it may not
    const folders = Object.keys(mayImport).filter(each => existsSync(at(`src/${each}`)))
    const told = cell.trim().startsWith('all but')
      ? [...folders.filter(each => !names.includes(each)), 'processes', 'errors']
      : names
    const ours = allowed.filter(each => each !== 'test')
    assert.deepEqual(told.toSorted(), ours.toSorted(), `CONTRIBUTING.md on ${name}`)
  }
})

test('heavy packages have one home each', () => {
  for (const { file, target } of imports()) {
    for (const [name, home] of homes) {
      if (name.test(target)) assert.match(file, home, `${file} may not import ${target}`)
    }
  }
})

test('the environment is read in one place', () => {
  for (const file of sources('src', 'workers')) {
    if (file === 'src/config.ts') continue
    assert.doesNotMatch(read(file), /\bprocess\.env\b/, `${file} reads the environment`)
  }
})

test('no file is too long to read', () => {
  for (const file of sources('src', 'workers', 'bench', 'chaos', 'scripts')) {
    if (file.endsWith('_pb.ts')) continue
    const lines = read(file).split('\n').length
    assert.ok(lines <= 400, `${file} has ${lines} lines: split it by its reasons to change`)
  }
})

test('a thing lives with what it is about', () => {
  for (const file of sources('src', 'workers', 'bench', 'chaos', 'scripts', 'test')) {
    assert.doesNotMatch(file, /(^|\/)(utils?|helpers?|common|misc)(\/|\.\w+$)/)
    assert.notEqual(basename(file), 'index.ts', `${file}: a barrel hides cycles`)
  }
})

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
const at = (path: string) => join(root, path)
const read = (path: string) => readFileSync(at(path), 'utf8')

/** src/jobs/queue.ts → jobs, src/errors.ts → errors, workers/worker.ts → workers. */
function part(path: string): string {
  const [top, next = ''] = path.split('/')
  return top === 'src' ? next.replace(/\.(ts|js)$/, '') : top!
}

function sources(...folders: string[]): string[] {
  return folders
    .filter(folder => existsSync(at(folder)))
    .flatMap(folder =>
      readdirSync(at(folder), { recursive: true, encoding: 'utf8' })
        .filter(name => /\.(ts|mts|mjs|js)$/.test(name))
        .map(name => posix.join(folder, name)),
    )
}

/** `… from 'x'`, `import 'x'`, `import('x')` and `require('x')`: types count, a part is a part. */
const importPattern =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire[^\n(]*\(\s*|import\.meta\.url\)\(\s*)['"]([^'"\n]+)['"]/g

function* imports() {
  for (const file of sources('src', 'workers', 'bench', 'chaos')) {
    for (const [, target] of read(file).matchAll(importPattern)) yield { file, target: target! }
  }
}

test('the pattern sees every form of import', () => {
  const text = [
    "import { a } from 'one'",
    "import type { b } from 'two'",
    "import 'three'",
    "const c = await import('four')",
    "type D = typeof import('five')",
    "export * from 'six'",
    "createRequire(import.meta.url)('seven')",
    "require('eight')",
  ].join('\n')
  const seen = [...text.matchAll(importPattern)].map(([, target]) => target)
  assert.deepEqual(seen, ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'])
})
