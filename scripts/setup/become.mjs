import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setup } from '../setup.mjs'
import { main, SetupError } from './failure.mjs'
import { root } from './places.mjs'

/**
 * Sets up, then goes on as `program` (below dist/) in this same process: no second one between which
 * and the terminal a signal or an exit status could get lost.
 */
export async function setUpAndBecome(program) {
  const path = join(root, 'dist', program)
  await main(async () => {
    await setup()
    if (!existsSync(path)) throw new SetupError(`${path} is missing`, 'run `npm run build`')
  })
  if (process.exitCode) return
  process.argv[1] = path
  await import(path)
}
