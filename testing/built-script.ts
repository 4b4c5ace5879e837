import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type EntryPoint, packageFolder, scriptPath } from '../src/places.js'

const dist = join(packageFolder, 'dist')
const modified = (name: string) => statSync(join(dist, name)).mtimeMs

/**
 * The script that `npm start` runs, which is bundled. After tsc without the rest of the build, the bundle is
 * outdated: then the script that tsc has compiled.
 */
export function builtScript(entryPoint: EntryPoint): string {
  const isBuilt =
    existsSync(join(dist, '.inputs')) && modified('.inputs') > modified('.tsbuildinfo')
  return isBuilt ? join(dist, 'bundle', `${entryPoint}.js`) : scriptPath(entryPoint)
}
