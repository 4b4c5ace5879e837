import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './child.mjs'
import { SetupError } from './failure.mjs'
import { noteBundled } from './licenses.mjs'
import { modules, root } from './places.mjs'

const folder = join(root, 'dist', 'client')

/**
 * Builds what `import { Client } from 'trainyard/client'` loads in Node and browsers, what 'trainyard/client/node' adds
 * for the files of a machine, and the types of both.
 */
export async function buildClientPackage() {
  rmSync(folder, { recursive: true, force: true })
  // not before the packages are installed
  const { build } = await import('esbuild')
  const { metafile } = await build({
    entryPoints: ['client', 'node'].map(name => join(root, 'src', 'client', `${name}.ts`)),
    outdir: folder,
    splitting: true,
    external: ['node:*'],
    absWorkingDir: root,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    format: 'esm',
    bundle: true,
    keepNames: true,
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  })
  noteBundled(metafile)
  const tsc = join(modules, 'typescript', 'bin', 'tsc')
  const project = join('src', 'client', 'tsconfig.json')
  const { ok, tail } = await run(
    process.execPath,
    [tsc, '--project', project, '--pretty', 'false'],
    {
      cwd: root,
    },
  )
  if (!ok) throw new SetupError(`TypeScript found errors:\n${tail}`, 'report this as a bug')
}
