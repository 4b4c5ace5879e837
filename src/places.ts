import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The scripts that processes and threads run, without `.js`. The build bundles each with what it imports. */
export const entryPoints = [
  'demo/demo',
  'src/api/main',
  'src/api/predict/prediction-worker',
  'src/cli/main',
  'src/datasets/comparison-process',
  'src/datasets/conversion-process',
  'src/datasets/derivation-process',
  'src/datasets/exports/export-process',
  'src/datasets/preview/preview-process',
  'src/datasets/tables/blocks/kernel-thread',
  'src/datasets/tables/hashing/hash-thread',
  'src/exports/export-process',
  'src/supervisor/backup',
  'src/supervisor/copy-store',
  'src/supervisor/main',
  'src/supervisor/start',
  'src/supervisor/start-api',
  'workers/checkpoint-exporter',
  'workers/explainer',
  'workers/health',
  'workers/planner',
  'workers/predictor',
  'workers/remote-rank',
  'workers/row-predictor',
  'workers/trainer',
  'workers/worker',
] as const
export type EntryPoint = (typeof entryPoints)[number]

// dist/src/places.js, or a file of dist/bundle
const file = fileURLToPath(import.meta.url)
const endOfPackage = file.lastIndexOf('/dist/')

/** What holds `dist`, and `node_modules`. */
export const packageFolder = file.slice(0, endOfPackage)
const dist = join(packageFolder, 'dist')
const bundle = join(dist, 'bundle')

/**
 * Whether the bundled scripts are those of the code. They are for a bundled process; for what runs unbundled, as
 * tests do, they are outdated after tsc without the rest of the build.
 */
function isBundled(): boolean {
  if (file.startsWith(bundle)) return true
  const modified = (name: string) => statSync(join(dist, name)).mtimeMs
  return existsSync(join(dist, '.inputs')) && modified('.inputs') > modified('.tsbuildinfo')
}
const scripts = isBundled() ? bundle : dist

/** The path of a script. A bundled one starts in half the time. */
export const scriptPath = (entryPoint: EntryPoint): string => join(scripts, `${entryPoint}.js`)

/** The files of the dashboard, as the build makes them. */
export const dashboardFolder = join(dist, 'dashboard')

/** The pages of the guide and their files, as the build makes them. */
export const guideFolder = join(dist, 'guide')

/** Functions that the build generates (api/schema-functions). */
export const generatedFolder = join(dist, 'generated')
