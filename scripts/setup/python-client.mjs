import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

const requirements = name => join(root, 'scripts', `${name}-requirements.txt`)

/**
 * Installs what the tests of the Python client need, and apart from it httpx, the only dependency of the client, for a
 * clean environment. Tells this checkout where they are.
 */
export async function setUpPythonClient() {
  const tools = await installPythonPackages({
    name: 'python-client',
    title: 'pytest, mypy, ruff, hatchling, Jupyter and what the Python client can use',
    requirements: requirements('python-client'),
  })
  const runtime = await installPythonPackages({
    name: 'python-client-runtime',
    title: 'httpx',
    requirements: requirements('python-client-runtime'),
  })
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('python-client.json'), JSON.stringify(tools))
  writeFileSync(installed('python-client-runtime.json'), JSON.stringify(runtime))
}
