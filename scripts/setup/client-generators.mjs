import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { interruptible } from './child.mjs'
import { cacheFolder } from './engine.mjs'
import { release, withLock } from './lock.mjs'
import { npm, npmFailed } from './packages.mjs'
import { installed, root } from './places.mjs'
import { step } from './progress.mjs'
import { installPythonPackages } from './python-packages.mjs'
import { stage } from './staging.mjs'

const source = join(root, 'scripts', 'client-generators')
const title = 'the generators of clients'

/**
 * Installs openapi-python-client and @hey-api/openapi-ts, which generate clients from the OpenAPI document
 * for `npm test`, and tells this checkout where they are.
 */
export async function setUpClientGenerators() {
  const { python, folder } = await installPythonPackages({
    name: 'client-generators-python',
    title,
    requirements: join(source, 'requirements.txt'),
  })
  const nodeFolder = await installNodePackages()
  mkdirSync(installed(), { recursive: true })
  const places = { python, pythonFolder: folder, nodeFolder }
  writeFileSync(installed('client-generators.json'), JSON.stringify(places))
}

/** Into the cache. Not among the packages of the server, whose TypeScript the generator does not support. */
async function installNodePackages() {
  const cache = cacheFolder()
  const lockFile = readFileSync(join(source, 'package-lock.json'))
  const key = createHash('sha256').update(lockFile).update(`${process.platform} ${process.arch}`)
  const folder = join(cache, `client-generators-node-${key.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  const lock = join(cache, 'setup.lock')
  await interruptible(
    () => release(lock),
    () =>
      withLock(lock, async () => {
        // another set-up may have done it while this one waited for the lock
        if (existsSync(folder)) return
        const staging = await stage(cache)
        try {
          const contents = join(staging, 'contents')
          mkdirSync(contents)
          for (const file of ['package.json', 'package-lock.json'])
            copyFileSync(join(source, file), join(contents, file))
          await step(`installing ${title} in TypeScript`, async () => {
            const { ok, tail } = await npm(['ci', '--ignore-scripts'], contents)
            if (!ok) throw npmFailed(tail)
          })
          await rename(contents, folder)
        } finally {
          rmSync(staging, { recursive: true, force: true })
        }
      }),
  )
  return folder
}
