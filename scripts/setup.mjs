import { mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, buildReady } from './setup/build.mjs'
import { interruptible } from './setup/child.mjs'
import {
  cacheFolder,
  engineReady,
  lacksOptional,
  planEngine,
  setUpEngine,
} from './setup/engine.mjs'
import { main, SetupError } from './setup/failure.mjs'
import { release, withLock } from './setup/lock.mjs'
import { installPackages, packagesReady } from './setup/packages.mjs'
import { isCheckout, root } from './setup/places.mjs'
import { say } from './setup/progress.mjs'
import { ensureTools, redisMissing } from './setup/tools.mjs'

/**
 * Makes this checkout ready to run: npm packages, engine, redis-server, build. Does only what is missing;
 * returns false if nothing was. `complete`: tries again to install what Trainyard could do without.
 */
export async function setup({ building = isCheckout, complete = false } = {}) {
  checkNode()
  const plan = planEngine()
  const engineDone = () => engineReady(plan) && !(complete && lacksOptional(plan))
  if (ready(engineDone, building)) return false

  const started = performance.now()
  mkdirSync(plan.cache, { recursive: true })
  const lock = join(plan.cache, 'setup.lock')
  await interruptible(
    () => release(lock),
    () => withLock(lock, () => catchUp(plan, engineDone, building)),
  )
  say(`set-up complete after ${((performance.now() - started) / 1000).toFixed(1)} s`)
  return true
}

const ready = (engineDone, building) =>
  packagesReady() && engineDone() && !redisMissing() && (!building || buildReady())

/** Checks each step again, since another set-up may have done it while this one waited for the lock. */
async function catchUp(plan, engineDone, building) {
  if (!engineDone() || redisMissing()) await ensureTools(plan)
  if (!packagesReady()) await installPackages()
  if (!engineDone()) await setUpEngine(plan)
  if (building && !buildReady()) await build()
}

/** What commands need that only speak to a server: packages and the build. */
export async function setUpClient() {
  const cache = cacheFolder()
  mkdirSync(cache, { recursive: true })
  const lock = join(cache, 'setup.lock')
  await interruptible(
    () => release(lock),
    () =>
      withLock(lock, async () => {
        if (!packagesReady()) await installPackages()
        if (!buildReady()) await build()
      }),
  )
}

export function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [major = 0, minor = 0] = engines.node.match(/\d+/g).map(Number)
  const [ours, ourMinor] = process.versions.node.split('.').map(Number)
  if (ours > major || (ours === major && ourMinor >= minor)) return
  throw new SetupError(
    `this is Node ${process.versions.node}, Trainyard needs ${engines.node}`,
    'install a current Node, such as 22 or 24',
  )
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(async () => {
    // the Dockerfile builds in a later layer, so that a change of the sources does not repeat this one
    const building = isCheckout && !process.argv.includes('--no-build')
    if (!(await setup({ building, complete: true }))) say('everything is already set up')
  })
}
