import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './paths.js'

/**
 * Bundles a script with the packages that it imports, as the build bundles those of the server, since loading
 * hundreds of files takes memory and time that none of its processes takes. `name`: its path in dist, without `.js`.
 * Returns the path of the bundle.
 */
export async function bundledScript(name: string): Promise<string> {
  const outdir = join(root, 'dist', 'bench', 'bundle')
  const builder = join(root, 'scripts', 'setup', 'bundle.mjs')
  const { bundleOptions } = await import(pathToFileURL(builder).href)
  await build(bundleOptions([name], outdir))
  return join(outdir, `${name}.js`)
}
