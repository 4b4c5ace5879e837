import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/** Installs the published schemas of Kubernetes, by which tests check manifests, for `npm test`. */
export async function setUpKubernetesSchemas() {
  const found = await installPythonPackages({
    name: 'kubernetes-schemas',
    title: 'the schemas of Kubernetes',
    requirements: join(root, 'scripts', 'kubernetes-schemas-requirements.txt'),
  })
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('kubernetes-schemas.json'), JSON.stringify(found))
}
