import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { SetupError } from './failure.mjs'
import { noteBundled } from './licenses.mjs'
import { browsers, compressed } from './page.mjs'
import { root } from './places.mjs'

/**
 * Builds the guide: each Markdown file of docs/ as a page, which needs no script to be read; the style sheet, scripts,
 * pictures and the index of the search have their hashes in their names. Each text is also compressed.
 */
export async function buildGuide(folder = join(root, 'dist', 'guide')) {
  // not before the packages are installed
  const { readPages } = await import('../guide/pages.mjs')
  const { pageHtml } = await import('../guide/page.mjs')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'files'), { recursive: true })
  const write = (name, content) => {
    for (const [suffix, bytes] of compressed(name, content))
      writeFileSync(join(folder, name + suffix), bytes)
  }
  const writeHashed = (name, content) => {
    const hash = createHash('sha256').update(content).digest('base64url').slice(0, 8)
    const ending = extname(name)
    const hashed = `${basename(name, ending)}-${hash.replace(/[-_]/g, '0')}${ending}`
    write(join('files', hashed), content)
    return hashed
  }
  const pictures = new Map()
  const pictureUrl = path => {
    if (!pictures.has(path)) {
      pictures.set(path, writeHashed(basename(path), readFileSync(join(root, path))))
    }
    return `files/${pictures.get(path)}`
  }
  const { pages, groups } = readOrFail(() => readPages(root, pictureUrl))
  const files = {
    ...(await bundleAssets(writeHashed)),
    index: writeHashed('search.json', JSON.stringify(searchDocuments(pages, groups))),
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const site = { groups, files, version }
  for (const page of pages) write(`${page.slug || 'index'}.html`, pageHtml(page, site))
  write('not-found.html', pageHtml(notFound, site))
}

function readOrFail(read) {
  try {
    return read()
  } catch (error) {
    throw new SetupError(`the guide has an error: ${error.message}`, 'correct the page in docs/')
  }
}

/** The scripts and the style sheet of the pages. */
async function bundleAssets(writeHashed) {
  const { build } = await import('esbuild')
  const source = join(root, 'src', 'guide')
  const bundle = async (name, format) => {
    const { outputFiles, metafile } = await build({
      entryPoints: [join(source, name)],
      absWorkingDir: root,
      platform: 'browser',
      target: browsers,
      format,
      bundle: true,
      minify: true,
      metafile: true,
      write: false,
      logLevel: 'warning',
    })
    noteBundled(metafile)
    return writeHashed(name.replace(/\.ts$/, '.js'), outputFiles[0].contents)
  }
  return {
    style: await bundle('guide.css'),
    // a script of the head that is no module runs before the page is drawn
    theme: await bundle('theme.ts', 'iife'),
    script: await bundle('main.ts', 'esm'),
  }
}

/** Each section of the pages in the navigation, under the name that the page has there. */
const searchDocuments = (pages, groups) =>
  groups
    .flatMap(group => group.pages)
    .flatMap(({ slug, label }) =>
      pages
        .find(page => page.slug === slug)
        .sections.map(({ id, heading, text }, i) => ({
          url: i === 0 ? slug : `${slug}#${id}`,
          page: label,
          heading: i === 0 ? label : heading,
          text,
        })),
    )

const notFound = {
  slug: 'not-found',
  title: 'No such page',
  summary: 'The guide has no page at this address.',
  headings: [],
  html: `<h1 id="not-found">No such page</h1>
<p>The guide of this version has no page at this address. Search for it, or look through the <a href="#pages">list of pages</a>. <a href="./">The guide begins here.</a></p>
`,
}
