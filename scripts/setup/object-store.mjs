import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/** Installs SeaweedFS, from whose S3 server tests make data sets, for `npm test`, and tells this checkout where it is. */
export async function setUpObjectStore() {
  const { folder } = await installPythonPackages({
    name: 'object-store',
    title: 'SeaweedFS',
    requirements: join(root, 'scripts', 'object-store-requirements.txt'),
  })
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('object-store.json'), JSON.stringify({ folder }))
}
