import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/** Installs Triton's Python client, which asks the server for predictions in `npm test`, and tells this checkout where it is. */
export async function setUpServingClients() {
  const found = await installPythonPackages({
    name: 'serving-clients',
    title: 'tritonclient',
    requirements: join(root, 'scripts', 'serving-clients-requirements.txt'),
  })
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('serving-clients.json'), JSON.stringify(found))
}
