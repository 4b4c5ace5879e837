import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { noteBundled } from './licenses.mjs'
import { root } from './places.mjs'

const source = join(root, 'src', 'dashboard')
const folder = join(root, 'dist', 'dashboard')

/** The first versions with `light-dark()` and all else that the page uses. */
export const browsers = ['chrome123', 'firefox120', 'safari17.5']

/**
 * Builds the dashboard: scripts and a style sheet whose names have their hashes, so that browsers keep them for ever,
 * each also compressed, and `files.json`, which names those that the page begins with.
 */
export async function buildPage() {
  // not before the packages are installed
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    entryPoints: [join(source, 'main.tsx'), join(source, 'styles', 'index.css')],
    outdir: folder,
    absWorkingDir: root,
    platform: 'browser',
    target: browsers,
    format: 'esm',
    bundle: true,
    splitting: true,
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  noteBundled(metafile)
  mkdirSync(folder, { recursive: true })
  const written = new Set()
  const write = (name, content) => {
    writeFileSync(join(folder, name), content)
    written.add(name)
  }
  for (const { path, contents } of outputFiles) {
    for (const [suffix, bytes] of compressed(path, contents)) write(basename(path) + suffix, bytes)
  }
  write('files.json', JSON.stringify(startFiles(metafile)))
  for (const name of readdirSync(folder)) if (!written.has(name)) rmSync(join(folder, name))
}

/** The files that the page loads at once; others are imported by scripts when they are needed. */
function startFiles({ outputs }) {
  const entries = Object.entries(outputs)
  const [script, output] = entries.find(([, { entryPoint }]) => entryPoint?.endsWith('main.tsx'))
  const [style] = entries.find(([, { entryPoint }]) => entryPoint?.endsWith('index.css'))
  const preloaded = importedAtOnce(output, outputs)
  return {
    script: basename(script),
    style: basename(style),
    preloaded: [...preloaded].map(path => basename(path)),
  }
}

function importedAtOnce(output, outputs, found = new Set()) {
  for (const { path, kind } of output.imports) {
    if (kind !== 'import-statement' || found.has(path) || !outputs[path]) continue
    found.add(path)
    importedAtOnce(outputs[path], outputs, found)
  }
  return found
}

/** A file as it is, and compressed if that helps, by what its name then ends in. */
export function compressed(name, contents) {
  if (/\.(png|webp|jpg)$/.test(name)) return [['', contents]]
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
  }
  return [
    ['', contents],
    ['.gz', gzipSync(contents, { level: 9 })],
    ['.br', brotliCompressSync(contents, { params })],
  ]
}
