// The Python client against a real server: its own tests, its types, its wheel and its notebook.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../testing/free-port.js'
import { pythonClient, pythonClientRuntime } from '../../testing/python-client.js'
import { TestDeployment } from '../../testing/test-deployment.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const source = join(root, 'clients', 'python')
const { needed } = pythonClient

let work: string
/** A copy of the client, in which tools may leave what they like. */
let project: string
let deployment: TestDeployment
let control: Server
before(async () => {
  if (needed.skip) return
  work = await mkdtemp(join(tmpdir(), 'trainyard-python-'))
  // the generator of the types finds the document beside it
  project = join(work, 'clients', 'python')
  await cp(source, project, { recursive: true })
  await mkdir(join(work, 'test', 'api'), { recursive: true })
  await cp(join(root, 'test', 'api', 'openapi.json'), join(work, 'test', 'api', 'openapi.json'))
  // the same address after a restart
  deployment = await TestDeployment.open({ TRAINYARD_PORT: String(await freePort()) })
  control = createServer((request, response) => {
    assert.equal(request.url, '/restart')
    restart().then(
      () => response.end(),
      error => response.writeHead(500).end(String(error)),
    )
  }).listen(0, '127.0.0.1')
  await once(control, 'listening')
})
after(async () => {
  if (needed.skip) return
  control.close()
  await deployment.close()
  await rm(work, { recursive: true, force: true })
})

async function restart(): Promise<void> {
  await deployment.stop()
  await deployment.start()
}

/** Without the variables and the saved keys of whoever runs the tests. */
function environment(): NodeJS.ProcessEnv {
  const { port } = control.address() as AddressInfo
  return {
    ...pythonClient.environment(),
    HOME: work,
    XDG_CONFIG_HOME: join(work, 'config'),
    TRAINYARD_URL: deployment.url,
    TRAINYARD_KEY: deployment.key,
    TRAINYARD_TEST_CONTROL: `http://127.0.0.1:${port}`,
    PYTHONPATH: [join(project, 'src'), pythonClient.environment().PYTHONPATH].join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
    IPYTHONDIR: join(work, 'ipython'),
  }
}

async function python(args: readonly string[], cwd = project, env = environment()) {
  try {
    return (await run('python3', args, { cwd, env, maxBuffer: 2 ** 26 })).stdout
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${message}\n${stdout}\n${stderr}`)
  }
}

test('the tests of the Python client pass', needed, async t => {
  const output = await python(['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--durations=5'])
  t.diagnostic(output.trim().split('\n').at(-1)!)
  assert.match(output, /\d+ passed/)
  assert.doesNotMatch(output, /skipped|xfailed/)
})

test('mypy --strict finds nothing in the client, its tests and an example', needed, async () => {
  const checked = ['src/trainyard', 'tests', 'scripts', 'examples/first_model.py']
  const options = ['--strict', '--cache-dir', join(work, 'mypy')]
  assert.match(await python(['-m', 'mypy', ...options, ...checked]), /^Success/)
})

test('ruff finds nothing in the client', needed, async () => {
  await python(['-m', 'ruff', 'check', '--no-cache'])
  await python(['-m', 'ruff', 'format', '--check', '--no-cache'])
})

test('the types of the client are those of the OpenAPI document', needed, async () => {
  await python(['scripts/generate_types.py', '--check'])
})

test('the client has the version and the licence of the server', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const own = await readFile(join(source, 'src', 'trainyard', '_version.py'), 'utf8')
  assert.equal(own.match(/__version__ = "(.+)"/)?.[1], version)
  const changes = await readFile(join(source, 'CHANGELOG.md'), 'utf8')
  assert.ok(changes.includes(`\n## ${version}\n`), `CHANGELOG.md has no ${version}`)
  const licence = (folder: string) => readFile(join(folder, 'LICENSE'), 'utf8')
  assert.equal(await licence(source), await licence(root))
})

test('the wheel runs in a clean environment with httpx alone', needed, async () => {
  await python(['-m', 'build', '--no-isolation', '--outdir', join(work, 'dist')])
  const built = await readdir(join(work, 'dist'))
  const wheel = built.find(name => /^trainyard-.*-py3-none-any\.whl$/.test(name))
  assert.ok(wheel && built.some(name => name.endsWith('.tar.gz')), built.join())
  const clean = join(work, 'clean')
  const bare = { ...environment(), PYTHONPATH: '' }
  await python(['-m', 'venv', clean], work, bare)
  const own = join(clean, 'bin', 'python')
  const inClean = async (...args: string[]) =>
    (await run(own, args, { cwd: work, env: bare })).stdout
  const packages = (
    await inClean('-c', 'import sysconfig; print(sysconfig.get_path("purelib"))')
  ).trim()
  // httpx comes from where set-up put it, so that pip needs no network
  await writeFile(join(packages, 'httpx.pth'), `${pythonClientRuntime.folder}\n`)
  const install = ['-m', 'pip', 'install', '--no-index', '--disable-pip-version-check']
  await inClean(...install, join(work, 'dist', wheel))
  const program = `
import importlib.util, json, trainyard
with trainyard.Client() as client:
    jobs = list(client.jobs.list(limit=1))
    rows = jobs[0].metrics() if jobs else []
    print(json.dumps({
        "version": trainyard.__version__, "server": client.server()["version"],
        "pandas": importlib.util.find_spec("pandas") is not None, "rows": type(rows).__name__,
        "typed": importlib.util.find_spec("trainyard").submodule_search_locations[0],
    }))
`
  const result = JSON.parse(await inClean('-c', program))
  assert.equal(result.version, result.server)
  assert.equal(result.pandas, false)
  assert.equal(result.rows, 'list')
  assert.ok((await readdir(result.typed)).includes('py.typed'))
  const files = await readdir(packages)
  const metadata = files.find(name => /^trainyard-.*\.dist-info$/.test(name))!
  const about = await readFile(join(packages, metadata, 'METADATA'), 'utf8')
  const required = about.match(/^Requires-Dist: (?!.*extra ==).*$/gm)
  assert.deepEqual(required, ['Requires-Dist: httpx<1,>=0.27'])
  assert.match(about, /^License-Expression: Apache-2.0$/m)
})

test('the notebook goes from a folder of JPEGs to a served model', needed, async () => {
  const notebook = join(project, 'examples', 'first-model.ipynb')
  const program = `
import sys, json, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": sys.argv[2]}}).execute()
print(json.dumps([[output for output in cell.get("outputs", [])] for cell in notebook.cells]))
`
  const folder = join(work, 'notebook')
  await mkdir(folder)
  const cells = JSON.parse(await python(['-c', program, notebook, folder])) as Output[][]
  const outputs = cells.flat()
  assert.deepEqual(
    outputs.filter(({ output_type }) => output_type === 'error'),
    [],
  )
  const html = outputs.map(({ data }) => [data?.['text/html']].flat().join('')).join('\n')
  assert.match(html, /role="progressbar"/)
  assert.match(html, /<svg[^>]*aria-label="first-model"/)
  const text = outputs.map(output => [output.text].flat().join('')).join('\n')
  assert.match(text, /new\.jpg: circle/)
})

interface Output {
  output_type: string
  text?: string | string[]
  data?: Record<string, string | string[]>
}

test('the example of the README does the same as a program', needed, async () => {
  const folder = join(work, 'example')
  await mkdir(folder)
  // the folder of the notebook has the images
  await cp(join(work, 'notebook', 'shapes'), join(folder, 'shapes'), { recursive: true })
  await cp(join(work, 'notebook', 'new.jpg'), join(folder, 'new.jpg'))
  const example = await readFile(join(project, 'examples', 'first_model.py'), 'utf8')
  const readme = await readFile(join(project, 'README.md'), 'utf8')
  assert.ok(readme.includes(`\`\`\`python\n${example}\`\`\``), 'README.md has another example')
  const output = await python([join(project, 'examples', 'first_model.py')], folder)
  assert.match(output, /circle/)
})
