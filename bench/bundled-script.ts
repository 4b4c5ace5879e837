import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './paths.js'

const dist = join(root, 'dist')

/** What a CommonJS package that is bundled finds in Node. */
const banner = `import { createRequire as createRequire$ } from 'node:module'
const require = createRequire$(import.meta.url)`

/**
 * Bundles a script with the packages that it imports, as the build bundles those of the server, since loading
 * hundreds of files takes memory and time that none of its processes takes. `name`: its path in dist, without `.js`.
 * Returns the path of the bundle.
 */
export async function bundledScript(name: string): Promise<string> {
  const outdir = join(dist, 'bench', 'bundle')
  await build({
    entryPoints: [join(dist, `${name}.js`)],
    outbase: dist,
    outdir,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    bundle: true,
    splitting: true,
    keepNames: true,
    chunkNames: 'chunks/[name]-[hash]',
    // native code, and what looks for its files beside itself
    external: ['@tensorflow/*', 'koffi', '@node-rs/*'],
    banner: { js: banner },
    logLevel: 'warning',
  })
  return join(outdir, `${name}.js`)
}
