// The Python client against a real server: its own tests, its wheel, its notebook and its example.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { freePort } from '../../testing/free-port.js'
import {
  PythonClientCopy,
  pythonClientNeeded,
  pythonClientRuntime,
} from '../../testing/python-client.js'
import { TestDeployment } from '../../testing/test-deployment.js'

let copy: PythonClientCopy
let deployment: TestDeployment
/** Lets the tests in Python restart the server. */
let control: Server
before(async () => {
  if (pythonClientNeeded.skip) return
  copy = await PythonClientCopy.open()
  deployment = await TestDeployment.open({
    // the same address after a restart
    TRAINYARD_PORT: String(await freePort()),
    TRAINYARD_SPARE_TRAINERS: 'off',
  })
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
  if (pythonClientNeeded.skip) return
  control.close()
  await deployment.close()
  await copy.close()
})

async function restart(): Promise<void> {
  await deployment.stop()
  await deployment.start()
}

function environment(settings: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { port } = control.address() as AddressInfo
  return copy.environment({
    TRAINYARD_URL: deployment.url,
    TRAINYARD_KEY: deployment.key,
    TRAINYARD_TEST_CONTROL: `http://127.0.0.1:${port}`,
    ...settings,
  })
}

const python = (args: readonly string[], cwd?: string) => copy.python(args, environment(), cwd)

test('the tests of the Python client pass', pythonClientNeeded, async t => {
  const output = await python(['-m', 'pytest', '-q', '-p', 'no:cacheprovider'])
  t.diagnostic(output.trim().split('\n').at(-1)!)
  assert.match(output, /\d+ passed/)
  assert.doesNotMatch(output, /skipped|xfailed/)
})

test('the wheel runs in a clean environment with httpx alone', pythonClientNeeded, async () => {
  const dist = join(copy.work, 'dist')
  await python(['-m', 'build', '--no-isolation', '--outdir', dist])
  const built = await readdir(dist)
  const wheel = built.find(name => /^trainyard-.*-py3-none-any\.whl$/.test(name))
  assert.ok(wheel && built.some(name => name.endsWith('.tar.gz')), built.join())
  const clean = join(copy.work, 'clean')
  const bare = environment({ PYTHONPATH: '' })
  await copy.python(['-m', 'venv', clean], bare)
  const inClean = async (...args: string[]) => {
    const options = { cwd: copy.work, env: bare }
    return (await promisify(execFile)(join(clean, 'bin', 'python'), args, options)).stdout
  }
  const purelib = 'import sysconfig; print(sysconfig.get_path("purelib"))'
  const packages = (await inClean('-c', purelib)).trim()
  // httpx comes from where set-up put it, so that pip needs no network
  await writeFile(join(packages, 'httpx.pth'), `${pythonClientRuntime.folder}\n`)
  const install = ['-m', 'pip', 'install', '--no-index', '--disable-pip-version-check']
  await inClean(...install, join(dist, wheel))
  const result = JSON.parse(await inClean('-c', inspection))
  assert.equal(result.version, result.server)
  assert.equal(result.pandas, false)
  assert.equal(result.rows, 'list')
  assert.ok((await readdir(result.folder)).includes('py.typed'))
  const metadata = (await readdir(packages)).find(name => /^trainyard-.*\.dist-info$/.test(name))
  const about = await readFile(join(packages, metadata!, 'METADATA'), 'utf8')
  const required = about.match(/^Requires-Dist: (?!.*extra ==).*$/gm)
  assert.deepEqual(required, ['Requires-Dist: httpx<1,>=0.27'])
  assert.match(about, /^License-Expression: Apache-2.0$/m)
})

const inspection = `
import importlib.util, json, os, trainyard
with trainyard.Client() as client:
    [job] = client.jobs.list(name="sizes-trees", status="succeeded", limit=1)
    print(json.dumps({
        "version": trainyard.__version__,
        "server": client.server()["version"],
        "pandas": importlib.util.find_spec("pandas") is not None,
        "rows": type(job.metrics()).__name__,
        "folder": os.path.dirname(trainyard.__file__),
    }))
`

interface Output {
  output_type: string
  text?: string | string[]
  data?: Record<string, string | string[]>
}

test('the notebook goes from a folder of JPEGs to a served model', pythonClientNeeded, async () => {
  const folder = join(copy.work, 'notebook')
  await mkdir(folder)
  const notebook = join(copy.project, 'examples', 'first-model.ipynb')
  const outputs = JSON.parse(await python(['-c', runNotebook, notebook, folder])) as Output[]
  const joined = (text: string | string[] | undefined) => [text].flat().join('')
  const html = outputs.map(({ data }) => joined(data?.['text/html']))
  // one that plots, and one that waits
  assert.equal(html.filter(text => text.includes('role="progressbar"')).length, 2)
  assert.match(html.join('\n'), /<svg[^>]*aria-label="first-model"/)
  const text = outputs.map(output => joined(output.text)).join('\n')
  assert.match(text, /new\.jpg: circle/)
})

/** A cell that fails ends it. */
const runNotebook = `
import json, nbformat, sys
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
resources = {"metadata": {"path": sys.argv[2]}}
NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
print(json.dumps([output for cell in notebook.cells for output in cell.get("outputs", [])]))
`

test(
  'the example goes from a folder of JPEGs to an exported model',
  pythonClientNeeded,
  async () => {
    const folder = join(copy.work, 'example')
    // the notebook has drawn the images
    for (const name of ['shapes', 'new.jpg'])
      await cp(join(copy.work, 'notebook', name), join(folder, name), { recursive: true })
    const output = await python([join(copy.project, 'examples', 'first_model.py')], folder)
    assert.match(output, /^circle 0\.\d+$/m)
    assert.ok((await readdir(folder)).includes('shapes-model-1.onnx'))
  },
)
