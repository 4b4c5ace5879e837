// Clients for other languages are generated from the OpenAPI document. A tool may make a client that does
// not load, without an error, so each client runs a job here.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tablePath } from '../../testing/tables.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const programs = join(root, 'scripts', 'client-generators')
const rounds = 20

let deployment: TestDeployment
let work: string
let generators: { python: string; pythonFolder: string; nodeFolder: string }
before(async () => {
  const marker = join(root, 'node_modules', '.trainyard', 'client-generators.json')
  generators = JSON.parse(await readFile(marker, 'utf8'))
  work = await mkdtemp(join(tmpdir(), 'trainyard-clients-'))
  deployment = await TestDeployment.open({ TRAINYARD_SPARE_TRAINERS: 'off' })
  const document = await fetch(`${deployment.url}/openapi.json`)
  await writeFile(join(work, 'openapi.json'), await document.text())
})
after(async () => {
  await deployment.close()
  await rm(work, { recursive: true, force: true })
})

const options = () => [deployment.url, deployment.key, tablePath('diabetes')]

/** Of types that the generator cannot read; the operations are there all the same. */
const knownWarning =
  /Unsupported content[_ ]type (application\/(x-tar|offset\+octet-stream|vnd\.apache\.)|text\/(csv|event-stream)|image\/)/

test('openapi-spec-validator finds no error in the document', async () => {
  await python(['-m', 'openapi_spec_validator', join(work, 'openapi.json')])
})

test('openapi-python-client generates a client, whose modules all load, and which runs a job', async () => {
  const config = join(work, 'config.yml')
  await writeFile(config, 'post_hooks: []\n')
  const { stdout, stderr } = await python([
    ...['-m', 'openapi_python_client', 'generate', '--path', join(work, 'openapi.json')],
    ...['--output-path', join(work, 'trainyard_client'), '--meta', 'none', '--config', config],
  ])
  const warnings = `${stdout}${stderr}`.split(/^(?=WARNING|ERROR)/m).slice(1)
  assert.deepEqual(
    warnings.filter(warning => !knownWarning.test(warning)),
    [],
  )
  const program = join(programs, 'run_job.py')
  const { modules, ...result } = JSON.parse((await python([program, ...options()])).stdout)
  assert.ok(modules > 200, `${modules} modules`)
  assertTrained(result)
})

test('@hey-api/openapi-ts generates a client that compiles strictly and runs a job', async () => {
  const folder = join(work, 'typescript')
  await mkdir(folder)
  const output = { path: join(folder, 'client'), importFileExtension: '.js' }
  const configuration = { input: join(work, 'openapi.json'), output }
  const config = join(folder, 'openapi-ts.config.mjs')
  await writeFile(config, `export default ${JSON.stringify(configuration)}\n`)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  await copyFile(join(programs, 'run-job.ts'), join(folder, 'run-job.ts'))
  const compiler = { module: 'nodenext', target: 'es2023', lib: ['es2023', 'dom', 'dom.iterable'] }
  const compilerOptions = { ...compiler, strict: true, outDir: 'out', types: ['node'] }
  const typeRoots = [join(root, 'node_modules', '@types')]
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, typeRoots }, include: ['.'] }),
  )
  const generator = join(generators.nodeFolder, 'node_modules', '@hey-api', 'openapi-ts')
  await node([join(generator, 'bin', 'run.js'), '-f', config], folder)
  await node([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], folder)
  const compiled = (await readdir(join(folder, 'out', 'client'))).filter(name =>
    name.endsWith('.js'),
  )
  assert.ok(compiled.includes('sdk.gen.js'))
  const { stdout } = await node([join(folder, 'out', 'run-job.js'), ...options()], folder)
  const { events, ...result } = JSON.parse(stdout)
  assert.ok(events.includes('job'), events.join())
  assertTrained(result)
})

function assertTrained({ value, ...rest }: { value: number }): void {
  assert.deepEqual(rest, { status: 'succeeded', step: rounds })
  // the target of the first row is 151
  assert.ok(value > 100 && value < 200, String(value))
}

const python = (args: string[]) =>
  run(generators.python, args, {
    cwd: work,
    env: {
      ...process.env,
      PYTHONPATH: [generators.pythonFolder, work].join(':'),
      PYTHONDONTWRITEBYTECODE: '1',
    },
  }).catch(withOutput)

const node = (args: string[], cwd: string) => run(process.execPath, args, { cwd }).catch(withOutput)

/** The message of a failed program has only its arguments. */
function withOutput(error: Error & { stdout?: string; stderr?: string }): never {
  throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`)
}
