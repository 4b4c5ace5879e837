import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, posix } from 'node:path'
import { codeBlock, escapeHtml, renderMarkdown } from './markdown.mjs'

const index = 'docs/README.md'
const pictures = new Set(['.png', '.webp', '.svg', '.jpg'])

/** The Markdown files of the guide, below the folder of the project. */
export function guideFiles(root) {
  const inFolder = folder =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder))
          .filter(name => name.endsWith('.md'))
          .map(name => `${folder}/${name}`)
      : []
  const files = ['README.md', 'CONTRIBUTING.md', ...inFolder('docs'), ...inFolder('docs/guide')]
  return files.filter(path => existsSync(join(root, path)))
}

/** The last part of a page's address: docs/guide/first-model.md → first-model. */
function slugOf(path) {
  if (path === index) return ''
  return path === 'README.md' ? 'readme' : basename(path, '.md').toLowerCase()
}

/**
 * Renders all pages, and the sources that they link to. `pictureUrl(path)` returns where a picture of the project is on
 * the site. Throws if a page links to a file that does not exist.
 */
export function readPages(root, pictureUrl) {
  const slugs = new Map(guideFiles(root).map(path => [path, slugOf(path)]))
  const owners = new Map()
  for (const [path, slug] of slugs) {
    if (owners.has(slug)) throw new Error(`${path} and ${owners.get(slug)} have the same address`)
    owners.set(slug, path)
  }
  const linkedSources = new Set()
  const resolver = from => href => {
    if (/^([a-z][a-z0-9+.-]*:|#)/i.test(href)) return href
    const [target, anchor] = href.split('#', 2)
    const path = posix.join(posix.dirname(from), decodeURIComponent(target)).replace(/\/$/, '')
    const hash = anchor ? `#${anchor}` : ''
    if (slugs.has(path)) return (slugs.get(path) || './') + hash
    const page = `${path}/README.md`
    if (slugs.has(page)) return (slugs.get(page) || './') + hash
    if (path.startsWith('..') || !existsSync(join(root, path))) {
      throw new Error(`${from} links to ${href}, which does not exist`)
    }
    if (pictures.has(extname(path))) return pictureUrl(path)
    linkedSources.add(path)
    return sourceSlug(path) + hash
  }
  const pages = [...slugs].map(([path, slug]) => {
    const markdown = readFileSync(join(root, path), 'utf8')
    try {
      return { path, slug, ...renderMarkdown(markdown, resolver(path)) }
    } catch (error) {
      throw new Error(`${path}: ${error.message}`, { cause: error })
    }
  })
  return {
    pages: [...pages, ...sourcePages(root, linkedSources, resolver)],
    groups: readGroups(root, slugs),
  }
}

const sourceSlug = path => `source.${path.replaceAll('/', '.')}`

/** Files of the project that pages link to, such as rules of alerts, so that a reader without a clone can see them. */
function sourcePages(root, linked, resolver) {
  const pages = []
  for (const path of linked) {
    const isFolder = statSync(join(root, path)).isDirectory()
    const names = isFolder ? readdirSync(join(root, path)).toSorted() : []
    const files = names.map(name => `${path}/${name}`)
    for (const file of files) if (statSync(join(root, file)).isFile()) linked.add(file)
    if (path.endsWith('.md')) {
      const markdown = readFileSync(join(root, path), 'utf8')
      pages.push({ path, slug: sourceSlug(path), ...renderMarkdown(markdown, resolver(path)) })
      continue
    }
    const html = isFolder ? listOf(files.filter(file => linked.has(file))) : sourceOf(root, path)
    const heading = `<h1 id="source"><code>${escapeHtml(path)}</code></h1>\n`
    const summary = `The ${isFolder ? 'folder' : 'file'} ${path} of Trainyard`
    const page = { path, slug: sourceSlug(path), title: path, summary, headings: [], sections: [] }
    pages.push({ ...page, html: heading + html })
  }
  return pages
}

const listOf = files =>
  `<ul>\n${files.map(file => `<li><a href="${sourceSlug(file)}">${escapeHtml(basename(file))}</a></li>`).join('\n')}\n</ul>\n`

const sourceOf = (root, path) =>
  codeBlock(readFileSync(join(root, path), 'utf8').trimEnd(), extname(path).slice(1))

/**
 * The groups of the navigation: the headings of docs/README.md with the lists of pages below them, as GitHub shows
 * them, too.
 */
function readGroups(root, slugs) {
  const groups = []
  for (const line of readFileSync(join(root, index), 'utf8').split('\n')) {
    const [, heading] = /^## (.+)/.exec(line) ?? []
    if (heading) groups.push({ title: heading, pages: [] })
    const [, label, href] = /^- \[([^\]]+)\]\(([^)#]+)\)/.exec(line) ?? []
    if (!href || groups.length === 0) continue
    const slug = slugs.get(posix.join(dirname(index), href))
    if (slug === undefined) throw new Error(`${index} lists ${href}, which is no page`)
    groups.at(-1).pages.push({ slug, label })
  }
  return groups.filter(({ pages }) => pages.length > 0)
}
