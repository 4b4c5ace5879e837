import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/** Installs Ray, on which a test trains jobs, for `npm test`, and tells this checkout where it is. */
export async function setUpRay() {
  const { python, folder } = await installPythonPackages({
    name: 'ray',
    title: 'Ray',
    requirements: join(root, 'scripts', 'ray-requirements.txt'),
  })
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('ray.json'), JSON.stringify({ python, folder }))
}
