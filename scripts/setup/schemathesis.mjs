import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/**
 * Installs Schemathesis, which tests the API against its OpenAPI document, for `npm test` and
 * `npm run chaos -- --api`, and tells this checkout where it is.
 */
export async function setUpSchemathesis() {
  const found = await installPythonPackages({
    name: 'schemathesis',
    title: 'Schemathesis',
    requirements: join(root, 'scripts', 'schemathesis-requirements.txt'),
  })
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('schemathesis.json'), JSON.stringify(found))
}
