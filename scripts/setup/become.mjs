import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setup } from '../setup.mjs'
import { main, SetupError } from './failure.mjs'
import { root } from './places.mjs'

const parentCheckMs = 500

/**
 * Runs set-up and the steps in `alsoSetUp`, then `program` (a path below dist/) in this same process, so
 * that no signal or exit status is lost on the way to or from a child.
 */
export async function setUpAndBecome(program, alsoSetUp = []) {
  const path = join(root, 'dist', program)
  // npm sets this for its scripts
  if (process.env.npm_lifecycle_event) endWithParent()
  await main(async () => {
    await setup()
    for (const step of alsoSetUp) await step()
    if (!existsSync(path)) throw new SetupError(`${path} is missing`, 'run `npm run build`')
  })
  if (process.exitCode) return
  process.argv[1] = path
  await import(path)
}

/** A killed npm can pass no signal on: without this, what it started would run for ever. */
function endWithParent() {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, parentCheckMs).unref()
}
