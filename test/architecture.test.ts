// CONTRIBUTING.md explains the table; this is the table.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, posix, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/**
 * A part is a folder or file of `src`, a folder inside one, or a folder at the top; a file belongs to the
 * innermost part that holds it. `jobs` in a list allows `jobs` and all inside it; to a part inside
 * `jobs` it allows the files that lie in `jobs` itself. A part may import the parts inside it.
 */
const mayImport: Record<string, readonly string[]> = {
  spec: [],
  errors: ['spec'],
  log: [],
  version: ['places'],
  places: [],
  presentation: ['spec'],
  processes: [],
  'folder-holder': [],
  ipc: ['processes', 'spec', 'errors'],
  formats: ['spec', 'errors'],
  'training-control': ['spec'],
  graph: [],
  'setting-values': [],
  'setting-names': ['executor-settings'],
  placement: [],
  'v8-flags': [],
  'script-options': [],
  'executor-settings': ['setting-values'],
  config: ['executor-settings', 'placement', 'setting-values', 'setting-names', 'spec', 'errors'],
  nets: ['graph'],
  engine: ['spec', 'errors'],
  net: [],
  store: ['processes', 'spec', 'errors'],
  runtimes: ['graph', 'engine'],
  quantization: ['graph'],
  explanations: ['training', 'nets', 'graph', 'formats', 'spec', 'errors'],
  trees: [],
  boosting: ['trees', 'training-control', 'engine', 'spec', 'errors'],
  training: ['training-control', 'nets', 'graph', 'engine', 'spec', 'errors'],
  planning: ['ipc', 'spec', 'errors'],
  lists: ['spec', 'errors'],
  watching: ['store', 'spec', 'errors', 'log'],
  // the process that converts decodes images; the API imports nothing that leads there
  datasets: [
    'engine',
    'graph',
    'formats',
    'store',
    'net',
    'lists',
    'ipc',
    'spec',
    'errors',
    'log',
    'places',
  ],
  'datasets/archives': ['datasets', 'datasets/images', 'datasets/tables', 'spec', 'errors'],
  'datasets/images': ['datasets', 'engine', 'graph', 'formats', 'store', 'spec', 'errors'],
  'datasets/arrays': [
    'datasets',
    'datasets/archives',
    'datasets/images',
    'datasets/tables',
    'spec',
    'errors',
  ],
  'datasets/derived': ['datasets', 'datasets/images', 'datasets/tables', 'lists', 'spec', 'errors'],
  'datasets/tables': ['datasets', 'spec', 'errors', 'places'],
  'datasets/workbooks': ['datasets', 'datasets/archives', 'datasets/tables', 'spec', 'errors'],
  'datasets/stored': [
    'datasets',
    'datasets/images',
    'datasets/tables',
    'formats',
    'store',
    'spec',
    'errors',
  ],
  // the process that previews decodes images; the API imports only its client
  'datasets/preview': [
    'datasets/images',
    'datasets/stored',
    'engine',
    'formats',
    'store',
    'ipc',
    'spec',
    'errors',
    'places',
  ],
  'datasets/exports': [
    'datasets/images',
    'datasets/stored',
    'datasets/tables',
    'formats',
    'store',
    'ipc',
    'spec',
    'errors',
    'places',
  ],
  'datasets/sources': ['datasets', 'store', 'net', 'spec', 'errors'],
  'datasets/imports': ['datasets', 'store', 'lists', 'processes', 'spec', 'errors', 'log'],
  jobs: ['planning', 'store', 'lists', 'spec', 'errors', 'log'],
  'jobs/record': ['store', 'spec', 'errors'],
  'jobs/queue': ['jobs/record', 'store', 'lists', 'spec', 'errors', 'log'],
  'jobs/changes': ['jobs/queue', 'jobs/telemetry', 'spec', 'errors', 'log'],
  'jobs/telemetry': ['jobs/record', 'jobs/queue', 'store', 'spec', 'errors'],
  models: ['store', 'lists', 'spec', 'errors'],
  predictions: ['datasets', 'spec', 'errors'],
  serving: [
    'graph',
    'trees',
    'models',
    'predictions',
    'watching',
    'store',
    'datasets',
    'engine',
    'ipc',
    'spec',
    'errors',
    'log',
    'v8-flags',
  ],
  // the process that exports reads graphs and trees; the API imports only its client
  exports: ['graph', 'formats', 'models', 'trees', 'store', 'ipc', 'spec', 'errors', 'places'],
  weights: ['formats', 'store', 'lists', 'spec', 'errors'],
  webhooks: ['store', 'net', 'lists', 'spec', 'errors', 'log'],
  api: [
    'ipc',
    'jobs',
    'planning',
    'datasets',
    'exports',
    'models',
    'predictions',
    'serving',
    'watching',
    'weights',
    'webhooks',
    'store',
    'net',
    'lists',
    'spec',
    'errors',
    'log',
    'version',
    'places',
  ],
  client: ['spec'],
  // the command line, by the client alone
  cli: ['client', 'folder-holder', 'spec', 'presentation', 'version', 'places'],
  // in a browser: of spec, it takes only types
  dashboard: ['client', 'spec', 'presentation'],
  guide: [],
  'api/schema-functions': ['places'],
  'api/http': ['api/schema-functions', 'jobs', 'store', 'lists', 'spec', 'errors', 'places'],
  'api/access': ['api/http', 'store', 'spec', 'errors'],
  'api/openapi': ['api', 'api/access', 'api/http', 'spec', 'version'],
  'api/predict': [
    'api/http',
    'datasets',
    'predictions',
    'serving',
    'ipc',
    'spec',
    'errors',
    'places',
  ],
  'api/protocols': [
    'api',
    'api/http',
    'api/openapi',
    'api/predict',
    'models',
    'serving',
    'store',
    'spec',
    'errors',
    'version',
  ],
  'api/routes': [
    'api',
    'api/access',
    'api/http',
    'api/openapi',
    'api/predict',
    'jobs',
    'planning',
    'datasets',
    'exports',
    'models',
    'predictions',
    'serving',
    'watching',
    'weights',
    'webhooks',
    'store',
    'lists',
    'spec',
    'errors',
    'version',
    'places',
  ],
  // npm start's process tree: it forks entry points by path and imports none
  supervisor: [
    'folder-holder',
    'store',
    'ipc',
    'processes',
    'setting-values',
    'errors',
    'spec',
    'places',
    'v8-flags',
  ],
  workers: [
    'spec',
    'errors',
    'log',
    'ipc',
    'graph',
    'nets',
    'engine',
    'store',
    'trees',
    'boosting',
    'training',
    'training-control',
    'runtimes',
    'quantization',
    'explanations',
    'datasets',
    'jobs',
    'planning',
    'models',
    'predictions',
    'watching',
    'weights',
    'placement',
    'processes',
    'formats',
    'version',
    'places',
  ],
  // runs trainers here or elsewhere, and knows no engine of training
  'workers/executors': [
    ...['jobs', 'ipc', 'executor-settings', 'placement', 'processes', 'spec', 'errors', 'log'],
  ],
  // supervises trainers, and loads no engine: a training step blocks its thread
  'workers/supervision': [
    'workers',
    'workers/executors',
    'jobs',
    'store',
    'ipc',
    'processes',
    'spec',
    'errors',
    'log',
    'version',
  ],
  'workers/attempts': [
    'spec',
    'errors',
    'placement',
    'graph',
    'nets',
    'engine',
    'store',
    'boosting',
    'training',
    'runtimes',
    'quantization',
    'datasets',
    'planning',
    'jobs',
    'models',
    'predictions',
    'watching',
    'weights',
    'formats',
  ],
  // the server that it starts
  demo: ['client', 'supervisor', 'spec', 'script-options'],
  // an API in the process of a test, and deployments that are driven by HTTP
  testing: [
    'workers/executors',
    'api',
    'jobs',
    'planning',
    'datasets',
    'models',
    'serving',
    'watching',
    'weights',
    'webhooks',
    'store',
    'net',
    'client',
    'supervisor',
    'processes',
    'ipc',
    'errors',
    'spec',
    'places',
  ],
  // of the supervisor: how it starts the API
  bench: [
    'workers/executors',
    'workers/supervision',
    'spec',
    'graph',
    'engine',
    'store',
    'boosting',
    'training',
    'datasets',
    'jobs',
    'models',
    'planning',
    'processes',
    'supervisor',
    'script-options',
    'testing',
  ],
  // starts the whole and speaks HTTP; of the parts it knows what their files look like
  chaos: [
    'client',
    'demo',
    'spec',
    'store',
    'supervisor',
    'processes',
    'script-options',
    'testing',
  ],
}

/** Everyone else is handed the settings it needs. */
const entryPoints = [
  'src/api/main.ts',
  'src/cli/main.ts',
  'src/supervisor/main.ts',
  'src/supervisor/start.ts',
  'src/supervisor/start-api.ts',
  'src/supervisor/backup.ts',
  'src/supervisor/copy-store.ts',
  'demo/demo.ts',
  'workers/worker.ts',
  'workers/health.ts',
  'workers/trainer.ts',
  'workers/remote-rank.ts',
  'workers/predictor.ts',
  'workers/row-predictor.ts',
  'workers/checkpoint-exporter.ts',
]

/** A heavy package is loaded in one place, so that the processes that must not have it do not. */
const homes: readonly (readonly [name: RegExp, home: RegExp])[] = [
  [/^@tensorflow\//, /^testing\/tensorflow-js\.ts$/],
  [
    /^koffi$/,
    /^src\/(boosting\/capi|engine\/(library-pages|loopback|openvino|native-ops|tensorflow-server|unused-memory))\.ts$/,
  ],
  [/^bullmq$/, /^(src\/jobs\/queue|workers\/supervision)\//],
  [/^(fastify|@fastify\/.+)$/, /^(src\/api|testing)\//],
  [/^@grpc\//, /^src\/serving\/grpc\//],
  [/^@tus\//, /^src\/api\/tus-server\.ts$/],
  [/^(preact|@preact\/.+|uplot)(\/|$)/, /^src\/dashboard\//],
  [
    /^@aws-sdk\//,
    /^(src\/store\/s3\/|(src\/datasets\/sources\/s3-objects|testing\/object-store)\.ts$)/,
  ],
  [/^commander$/, /^src\/cli\//],
  [/^(playwright|axe)-core$/, /^testing\/browser\.ts$/],
]

test('each part imports only what the architecture allows', () => {
  for (const { file, target } of imports()) {
    if (!target.startsWith('.')) continue
    const home = part(file)
    const away = part(posix.join(posix.dirname(file), target))
    if (away === 'config' && entryPoints.includes(file)) continue
    assert.ok(mayImport[home], `${file}: ${home} is not in the table of parts`)
    assert.ok(allows(home, away), `${file} may not import ${away}`)
  }
})

const isInside = (part: string, other: string) => part.startsWith(`${other}/`)

const allows = (home: string, away: string) =>
  away === home ||
  isInside(away, home) ||
  mayImport[home]!.some(name => away === name || (isInside(away, name) && !isInside(home, name)))

test('no import climbs: in every folder, the files and folders import each other one way', () => {
  const edges = new Map<string, Set<string>>()
  for (const { file, target } of imports()) {
    if (!target.startsWith('.')) continue
    const from = file
    const path = posix.join(posix.dirname(file), target).replace(/\.js$/, '')
    const to = ['.ts', '.tsx'].map(ending => path + ending).find(each => existsSync(at(each)))
    if (!to) continue
    const [steps, others] = [from.split('/'), to.split('/')]
    const shared = steps.findIndex((step, i) => step !== others[i])
    if (shared < 0) continue
    const [one, other] = [steps, others].map(path => path.slice(0, shared + 1).join('/'))
    if (!edges.has(one!)) edges.set(one!, new Set())
    edges.get(one!)!.add(other!)
  }
  const done = new Set<string>()
  const visit = (place: string, path: readonly string[]) => {
    const start = path.indexOf(place)
    assert.ok(start < 0, `these import each other: ${[...path.slice(start), place].join(' → ')}`)
    if (done.has(place)) return
    for (const next of edges.get(place) ?? []) visit(next, [...path, place])
    done.add(place)
  }
  for (const place of edges.keys()) visit(place, [])
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
    if (name.includes('/')) continue
    const cell = explained.get(name)
    assert.ok(cell !== undefined, `CONTRIBUTING.md has no row for ${name}`)
    if (cell.trim().startsWith('part of')) continue
    const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, each]) => each!)
    // of a part that may import nearly all, the words say what it may not
    const folders = Object.keys(mayImport).filter(
      each => !each.includes('/') && existsSync(at(`src/${each}`)),
    )
    const told = cell.trim().startsWith('all but')
      ? [
          ...folders.filter(each => !names.includes(each)),
          'placement',
          'processes',
          'version',
          'places',
          'log',
          'errors',
        ]
      : names
    const ours = allowed.filter(each => each !== 'testing')
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

test('the dashboard, the client and the command line take only types of src/spec, whose schemas are slow to load', () => {
  for (const file of sources('src/dashboard', 'src/client', 'src/cli')) {
    for (const [statement] of read(file).matchAll(
      /^(?:import|export) (?:(?!^(?:import|export) )[\s\S])*?from '[^']*\/spec\/[^']+'/gm,
    ))
      assert.match(statement, /^(import|export) type /, `${file}: ${statement}`)
  }
})

test('the environment is read in one place', () => {
  for (const file of sources('src', 'workers')) {
    if (file === 'src/config.ts') continue
    assert.doesNotMatch(read(file), /\bprocess\.env\b/, `${file} reads the environment`)
  }
})

test('where scripts and files of the package lie is known in one place', () => {
  // a bundled file lies elsewhere, from where only packages are found as before
  for (const file of sources('src', 'workers')) {
    if (file === 'src/places.ts' || file.startsWith('src/dashboard/')) continue
    const uses = read(file).replaceAll('createRequire(import.meta.url)', '')
    assert.doesNotMatch(uses, /import\.meta\.(url|dirname|filename)/, `${file}: see src/places.ts`)
  }
})

test('no file is too long to read', () => {
  for (const file of sources('src', 'workers', 'demo', 'testing', 'bench', 'chaos', 'scripts')) {
    if (file.endsWith('_pb.ts')) continue
    const lines = read(file).split('\n').length
    assert.ok(lines <= 400, `${file} has ${lines} lines: split it by its reasons to change`)
  }
})

test('there are no utils, helpers or barrels', () => {
  for (const file of sources(...allFolders)) {
    assert.doesNotMatch(file, /(^|\/)(utils?|helpers?|common|misc)(\/|\.\w+$)/)
    assert.notEqual(basename(file), 'index.ts', `${file}: a barrel hides cycles`)
  }
})

const allFolders = [
  'src',
  'kernels',
  'workers',
  'demo',
  'testing',
  'bench',
  'chaos',
  'scripts',
  'test',
]

/** Private words that earlier versions had as file names. */
const privateWords =
  /(^|-)(cadence|judgement|vigil|nudges?|upkeep|surroundings|bell|trouble|flaws?|refusal|guests?|door|extremes|outline|visible|recalled|sealed|take-back|closest|yard|misfits?|newborn|manners)(-|\.)/

test('file names are words that a stranger knows', () => {
  for (const file of sources(...allFolders)) assert.doesNotMatch(basename(file), privateWords, file)
})

test('tests, benches and chaos wait with a deadline: eventually() of testing/', () => {
  for (const file of sources('test', 'testing', 'bench', 'chaos')) {
    if (file === 'testing/eventually.ts' || file === 'test/architecture.test.ts') continue
    for (const loop of openLoops(read(file))) {
      if (/\b(Date|performance)\.now\(|\baborted\b/.test(loop)) continue
      assert.doesNotMatch(
        loop,
        /\bawait (sleep|wait|turn|set\w+)\(/,
        `${file} polls without a deadline`,
      )
    }
  }
})

test('test/ has the folders of src/ and of the project', () => {
  // what belongs to no part: whole deployments, and data that tests read
  const others = /^(e2e|data|(.+\/)?(fixtures|reference))$/
  const folders = readdirSync(at('test'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ parentPath, name }) => relative(at('test'), join(parentPath, name)))
  for (const folder of folders.filter(name => !others.test(name))) {
    const exists = existsSync(at(join('src', folder))) || existsSync(at(folder))
    assert.ok(exists, `test/${folder} mirrors no folder`)
  }
})

/** Each `while (…)` and `for (;;)` of a source text, with its condition and its body. */
function* openLoops(text: string): Generator<string> {
  for (const { index } of text.matchAll(/\bwhile \(|\bfor \(;;\)/g)) {
    const condition = closing(text, text.indexOf('(', index), '(', ')')
    const isBlock = text.slice(condition + 1, condition + 3) === ' {'
    const end = isBlock
      ? closing(text, condition + 2, '{', '}')
      : text.indexOf('\n', text.indexOf('\n', condition) + 1)
    yield text.slice(index, end)
  }
}

test('openLoops finds every form of loop', () => {
  const body = 'await sleep(5)'
  const forms = [
    `while (!(await done())) ${body}`,
    `while (\n  !done\n) ${body}`,
    `for (;;) {\n  if (done) { break }\n  ${body}\n}`,
  ]
  for (const form of forms) assert.ok([...openLoops(`${form}\n`)][0]?.includes(body), form)
})

/** Where the bracket at `start` is closed. */
function closing(text: string, start: number, open: string, close: string): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    if (text[i] === open) depth++
    if (text[i] === close && --depth === 0) return i
  }
  return text.length
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')
const at = (path: string) => join(root, path)
const read = (path: string) => readFileSync(at(path), 'utf8')

/** src/jobs/queue/redis.ts → jobs/queue, src/jobs/jobs.ts → jobs, src/errors.ts → errors, workers/worker.ts → workers. */
function part(path: string): string {
  const inner = path.replace(/^src\//, '').replace(/\.(ts|js)$/, '')
  const [top, next] = inner.split('/')
  const nested = `${top}/${next}`
  return nested in mayImport ? nested : top!
}

function sources(...folders: string[]): string[] {
  return folders
    .filter(folder => existsSync(at(folder)))
    .flatMap(folder =>
      readdirSync(at(folder), { recursive: true, encoding: 'utf8' })
        .filter(name => /\.(ts|tsx|mts|mjs|js)$/.test(name))
        .map(name => posix.join(folder, name)),
    )
}

/** `… from 'x'`, `import 'x'`, `import('x')` and `require('x')`: types count, a part is a part. */
const importPattern =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire[^\n(]*\(\s*|import\.meta\.url\)\(\s*)['"]([^'"\n]+)['"]/g

function* imports() {
  for (const file of sources('src', 'workers', 'demo', 'testing', 'bench', 'chaos')) {
    for (const [, target] of read(file).matchAll(importPattern)) yield { file, target: target! }
  }
}

test('the import pattern matches every form of import', () => {
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
