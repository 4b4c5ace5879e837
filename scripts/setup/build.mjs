import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { bundle } from './bundle.mjs'
import { run } from './child.mjs'
import { buildClientPackage } from './client-package.mjs'
import { SetupError } from './failure.mjs'
import { buildGuide } from './guide.mjs'
import { writeLicenses } from './licenses.mjs'
import { buildPage } from './page.mjs'
import { modules, root } from './places.mjs'
import { step } from './progress.mjs'
import { writeServerManifests } from './server-packages.mjs'

const folders = ['src', 'workers', 'demo', 'testing', 'test', 'bench', 'chaos']
/** The guide is made of these, and of the files that its pages link to. */
const guideFolders = ['docs', 'deploy', 'clients', join('scripts', 'guide')]
const otherInputs = [
  'tsconfig.json',
  'package.json',
  'package-lock.json',
  'scripts/setup/bundle.mjs',
  'scripts/setup/guide.mjs',
  'scripts/setup/page.mjs',
  'scripts/setup/uplot.mjs',
  'scripts/setup/client-package.mjs',
  'scripts/setup/server-packages.mjs',
  'README.md',
  'CONTRIBUTING.md',
]
/** The dashboard and the guide run in a browser, whose types Node's code must not see. */
const projects = [
  'tsconfig.json',
  join('src', 'dashboard', 'tsconfig.json'),
  join('src', 'guide', 'tsconfig.json'),
]
const dist = join(root, 'dist')
/** Newer than what tsc writes unless tsc alone has run since: src/places.ts. */
const stamp = join(dist, '.inputs')

/** When dist/ was built; undefined if it was not. */
export const builtAt = () => statSync(stamp, { throwIfNoEntry: false })?.mtimeMs

/** True if dist/ was built from the current sources. */
export const buildReady = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()

export async function build() {
  const built = fingerprint()
  removeOrphans()
  // a full build takes seconds and is correct even if dist/ was changed by hand
  rmSync(join(dist, '.tsbuildinfo'), { force: true })
  await step('compiling TypeScript', async () => {
    const tsc = join(modules, 'typescript', 'bin', 'tsc')
    for (const project of projects) {
      const options = ['--project', project, '--pretty', 'false']
      const { ok, tail } = await run(process.execPath, [tsc, ...options], { cwd: root })
      if (!ok) {
        throw new SetupError(
          `TypeScript found errors:\n${tail}`,
          'correct them, or check out a released version',
        )
      }
    }
  })
  await step('generating validators and serializers', async () => {
    const script = join(dist, 'src', 'api', 'generate-schema-functions.js')
    const { ok, tail } = await run(process.execPath, [script], { cwd: root })
    if (!ok) throw new SetupError(`the generation failed:\n${tail}`, 'report this as a bug')
  })
  await step('bundling', bundle)
  await step('building the dashboard', buildPage)
  await step('building the guide', () => buildGuide())
  await step('building the client for other programs', () => buildClientPackage())
  writeLicenses()
  writeServerManifests()
  writeFileSync(stamp, built)
}

/** Hashes names, sizes and times of all sources, which takes milliseconds; reading the files would not. */
function fingerprint() {
  const hash = createHash('sha256')
  for (const path of [...[...folders, ...guideFolders].flatMap(sources), ...otherInputs]) {
    const { mtimeMs, size } = statSync(join(root, path))
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex')
}

function sources(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      entry =>
        entry.isFile() && /\.(tsx?|css|json|md|mjs|png|webp|ya?ml|service)$/.test(entry.name),
    )
    .map(entry => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort()
}

/** Removes the output of deleted sources, which tsc keeps: a deleted test would still run. */
function removeOrphans() {
  for (const folder of folders) {
    const output = join(dist, folder)
    if (!existsSync(output)) continue
    for (const name of readdirSync(output, { recursive: true })) {
      if (!/\.js(\.map)?$/.test(name)) continue
      const source = join(root, folder, name.replace(/\.js(\.map)?$/, '.ts'))
      if (!existsSync(source)) rmSync(join(output, name), { force: true })
    }
  }
}
