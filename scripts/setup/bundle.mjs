import { readdirSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { noteBundled } from './licenses.mjs'
import { root } from './places.mjs'
import { serverPackages } from './server-packages.mjs'

const dist = join(root, 'dist')
const folder = join(dist, 'bundle')

/** Packages that stay files of their own. */
const unbundled = [
  // native code, and what looks for its files beside itself
  ...['@tensorflow/*', 'koffi', '@node-rs/*', 'msgpackr-extract'],
  // large, and not needed to start
  ...['@aws-sdk/*', '@tus/*', 'pino-pretty', 'light-my-request'],
  ...['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
]

/** What CommonJS packages find in Node. */
const banner = `import { createRequire as createRequire$ } from 'node:module'
import { dirname as dirname$ } from 'node:path'
import { fileURLToPath as fileURLToPath$ } from 'node:url'
const require = createRequire$(import.meta.url), __filename = fileURLToPath$(import.meta.url), __dirname = dirname$(__filename)`

/**
 * Bundles each entry point of dist/ with the packages that it imports, since a process that loads a thousand small
 * files takes a second of processor time more to start. Names and lines stay readable.
 */
export async function bundle() {
  const { entryPoints } = await import(pathToFileURL(join(dist, 'src', 'places.js')).href)
  // not before the packages are installed
  const { build } = await import('esbuild')
  const { metafile } = await build({ ...bundleOptions(entryPoints, folder), metafile: true })
  assertInstalled(metafile)
  noteBundled(metafile)
  removeOthers(new Set(Object.keys(metafile.outputs).map(path => resolve(root, path))))
}

/**
 * Options of esbuild. `scripts`: their paths in dist/, without `.js`; their bundles have the same paths in `outdir`.
 */
export const bundleOptions = (scripts, outdir) => ({
  entryPoints: scripts.map(name => join(dist, `${name}.js`)),
  outbase: dist,
  outdir,
  absWorkingDir: root,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  bundle: true,
  splitting: true,
  keepNames: true,
  chunkNames: 'chunks/[name]-[hash]',
  external: unbundled,
  banner: { js: banner },
  logLevel: 'warning',
})

/** What bundled packages load only if it is there. */
const optional = ['@valkey/valkey-glide', 'pg']

/** Throws if something is not in the bundle that an installed server would not have. */
function assertInstalled({ outputs }) {
  for (const { path, external } of Object.values(outputs).flatMap(({ imports }) => imports)) {
    const [name] = /^(@[^/]+\/)?[^/]+/.exec(path)
    if (!external || isBuiltin(path) || optional.includes(name)) continue
    if (!serverPackages.includes(name)) {
      throw new Error(`${name} is not bundled: add it to scripts/setup/server-packages.mjs`)
    }
  }
}

/** Removes files of earlier bundles. */
function removeOthers(outputs) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (entry.isFile() && !outputs.has(path)) rmSync(path)
  }
}
