import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { noteBundled } from './licenses.mjs'
import { root } from './places.mjs'
import { smallUplot } from './uplot.mjs'

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
  const options = {
    entryPoints: [join(source, 'main.tsx'), join(source, 'styles', 'index.css')],
    outdir: folder,
    absWorkingDir: root,
    platform: 'browser',
    target: browsers,
    format: 'esm',
    bundle: true,
    splitting: true,
    minify: true,
    plugins: [smallUplot],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    metafile: true,
    write: false,
    logLevel: 'warning',
  }
  const { metafile: split } = await build(options)
  const plugins = [smallUplot, joinSmallParts(split)]
  const { outputFiles, metafile } = await build({ ...options, plugins })
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

/** Bytes of a file that is not worth a request of its own. */
const smallPart = 4096

/**
 * esbuild makes a file of the modules that the same views use: of a table, a menu and a date three files with a few
 * hundred bytes each, which compress badly. Small ones of our own are therefore imported by all views, so that they
 * are one file.
 */
function joinSmallParts({ outputs }) {
  const parts = Object.values(outputs)
  const modules = parts
    .filter(({ entryPoint, bytes }) => !entryPoint && bytes < smallPart)
    .flatMap(({ inputs }) => Object.keys(inputs))
    .filter(path => path.startsWith('src/'))
    .map(path => `import ${JSON.stringify(join(root, path))};`)
    .join('')
  const entries = new Set(parts.map(({ entryPoint }) => entryPoint && resolve(root, entryPoint)))
  return {
    name: 'join-small-parts',
    setup(build) {
      build.onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
        if (!entries.has(path)) return
        return { contents: modules + readFileSync(path, 'utf8'), loader: extname(path).slice(1) }
      })
    },
  }
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
