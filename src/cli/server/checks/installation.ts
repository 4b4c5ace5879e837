import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageFolder } from '../../../places.js'
import { type Check, warning } from './check.js'

/** What set-up has installed, as its own script sees it. */
export async function checkInstallation(): Promise<Check[]> {
  const script = join(packageFolder, 'scripts', 'setup', 'inspect.mjs')
  if (!existsSync(script)) {
    const detail = 'not checked: this installation has no set-up scripts, as in a container image'
    return [warning('set-up', detail, 'look at the log of the server')]
  }
  const { inspect } = (await import(pathToFileURL(script).href)) as {
    inspect(): Promise<Check[]>
  }
  return inspect()
}
