import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setup } from '../setup.mjs'
import { main, SetupError } from './failure.mjs'
import { root } from './places.mjs'

/**
 * Runs set-up and the steps in `alsoSetUp`, then `program` (a path below dist/) in this same process, so
 * that no signal or exit status is lost on the way to or from a child.
 */
export async function setUpAndBecome(program, alsoSetUp = []) {
  const path = join(root, 'dist', program)
  await main(async () => {
    await setup()
    for (const step of alsoSetUp) await step()
    if (!existsSync(path)) throw new SetupError(`${path} is missing`, 'run `npm run build`')
  })
  if (process.exitCode) return
  process.argv[1] = path
  await import(path)
}
