// The text of the Python client. test/e2e/python-client.test.ts runs it against a server.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PythonClientCopy, pythonClientNeeded } from '../../testing/python-client.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const source = join(root, 'clients', 'python')

let copy: PythonClientCopy
before(async () => {
  copy = await PythonClientCopy.open()
})
after(() => copy.close())

test(
  'mypy --strict finds nothing in the client, its tests and an example',
  pythonClientNeeded,
  async () => {
    const checked = ['src/trainyard', 'tests', 'scripts', 'examples/first_model.py']
    // what it has learnt of pandas and NumPy is kept for the next time
    const cache = join(root, 'node_modules', '.trainyard', 'mypy')
    const output = await copy.python(['-m', 'mypy', '--strict', '--cache-dir', cache, ...checked])
    assert.match(output, /^Success/)
  },
)

test('ruff finds nothing in the client', pythonClientNeeded, async () => {
  await copy.python(['-m', 'ruff', 'check', '--no-cache'])
  await copy.python(['-m', 'ruff', 'format', '--check', '--no-cache'])
})

test('the types of the client are those of the OpenAPI document', pythonClientNeeded, async () => {
  await copy.python(['scripts/generate_types.py', '--check'])
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

test('the README has the example that is run', async () => {
  const example = await readFile(join(source, 'examples', 'first_model.py'), 'utf8')
  const readme = await readFile(join(source, 'README.md'), 'utf8')
  assert.ok(readme.includes(`\`\`\`python\n${example}\`\`\``))
})
