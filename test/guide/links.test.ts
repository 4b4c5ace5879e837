// Links of the documentation work twice: between the files on GitHub, and between the pages of the site.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { after, before, test } from 'node:test'
import GithubSlugger from 'github-slugger'
import { Marked, type Tokens } from 'marked'
import { tempFolder } from '../../testing/temp-folder.js'
import { importScript } from '../scripts/scripts.js'

const { guideFiles } = await importScript('guide/pages.mjs')
const root = process.cwd()
const files: readonly string[] = guideFiles(root)

interface Link {
  from: string
  href: string
}

const pages = new Map(files.map(path => [path, readPage(path)]))

/** Reads what GitHub shows of a file: the links in it, and the anchors of its headings. */
function readPage(path: string): { anchors: Set<string>; links: Link[]; pictures: Link[] } {
  const slugger = new GithubSlugger()
  const anchors = new Set<string>()
  const links: Link[] = []
  const pictures: Link[] = []
  const marked = new Marked()
  // what it returns are promises of asynchronous callbacks, and this one is none
  void marked.walkTokens(marked.lexer(readFileSync(path, 'utf8')), token => {
    if (token.type === 'heading') anchors.add(slugger.slug(shownText(token as Tokens.Heading)))
    if (token.type === 'link') links.push({ from: path, href: token.href })
    if (token.type === 'image') pictures.push({ from: path, href: token.href })
    if (token.type === 'html') {
      for (const [, href] of token.text.matchAll(/\b(?:src|srcset)="([^"]+)"/g))
        pictures.push({ from: path, href })
    }
  })
  return { anchors, links, pictures }
}

function shownText(token: { tokens?: unknown[]; text?: string }): string {
  if (token.tokens) return (token.tokens as Tokens.Heading[]).map(shownText).join('')
  const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  return Object.entries(entities).reduce(
    (text, [entity, character]) => text.replaceAll(entity, character),
    token.text ?? '',
  )
}

const isRelative = ({ href }: Link) => !/^[a-z][a-z0-9+.-]*:/i.test(href)

test('every relative link and anchor leads to something in the repository', () => {
  let checked = 0
  for (const { from, href } of [...pages.values()].flatMap(({ links }) => links)) {
    if (!isRelative({ from, href })) continue
    assert.ok(!href.startsWith('/'), `${from}: ${href} works on neither of both`)
    const [target, anchor] = href.split('#', 2)
    const path = target === '' ? from : posix.join(posix.dirname(from), target!)
    assert.ok(existsSync(path), `${from}: ${href} leads to no file`)
    checked++
    if (!anchor) continue
    const found = pages.get(path)
    assert.ok(found, `${from}: ${href} has an anchor, but leads to no page`)
    assert.ok(found.anchors.has(anchor), `${from}: ${href}: ${path} has no such heading`)
  }
  assert.ok(checked > 100, `only ${checked} links`)
})

const maxPictureBytes = 150 * 1024

test('every picture exists, is small, and has a text for those who do not see it', () => {
  const all = [...pages.values()].flatMap(({ pictures }) => pictures).filter(isRelative)
  const shown = new Set(all.map(({ from, href }) => posix.join(posix.dirname(from), href)))
  for (const path of shown) {
    assert.ok(existsSync(path), `there is no ${path}; npm run docs:screenshots makes pictures`)
    assert.ok(statSync(path).size < maxPictureBytes, `${path} is larger than 150 KB`)
  }
  const folder = 'docs/images'
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    assert.ok(shown.has(`${folder}/${name}`), `no page shows ${folder}/${name}`)
  for (const path of files)
    for (const [image] of readFileSync(path, 'utf8').matchAll(/<img\b[^>]*>|!\[\]\([^)]*\)/g))
      assert.match(image, /\balt="[^"]{10,}"/, `${path}: ${image}`)
})

test('docs/README.md, which is the navigation of the site, lists every page once', () => {
  const listed = pages
    .get('docs/README.md')!
    .links.map(({ href }) => posix.join('docs', href.split('#', 1)[0]!))
    .filter(path => path.endsWith('.md'))
  assert.deepEqual(listed.toSorted(), files.filter(path => path !== 'docs/README.md').toSorted())
})

let built: Map<string, string>
before(async () => {
  const { buildGuide } = await importScript('setup/guide.mjs')
  const folder = await tempFolder({ after })
  await buildGuide(folder)
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  built = new Map(
    names
      .filter(name => statSync(join(folder, name)).isFile())
      .map(name => [
        name,
        /\.(html|css)$/.test(name) ? readFileSync(join(folder, name), 'utf8') : '',
      ]),
  )
})

test('every link, anchor and file of every page leads to something on the site', () => {
  const htmlPages = [...built].filter(([name]) => name.endsWith('.html'))
  assert.ok(htmlPages.length > files.length)
  const idsOf = (text: string) => new Set([...text.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id))
  // of the server, beside the guide
  const others = ['../../', '../../docs']
  for (const [name, text] of htmlPages) {
    for (const [, href] of text.matchAll(/\b(?:href|src|srcset|data-index)="([^"]*)"/g)) {
      if (/^(https?|data):/.test(href!) || others.includes(href!)) continue
      const [target, anchor] = href!.split('#', 2)
      const file = target === '' ? name : fileOf(target!)
      assert.ok(built.has(file), `${name}: ${href} leads nowhere`)
      if (anchor)
        assert.ok(idsOf(built.get(file)!).has(decodeURIComponent(anchor)), `${name}: ${href}`)
    }
    const ids = [...text.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, ids.length, `${name} has an id twice`)
  }
})

/** Pages lie side by side, so that their relative links need no folders. */
function fileOf(target: string): string {
  if (target === './') return 'index.html'
  return target.startsWith('files/') ? target : `${target}.html`
}

test('no page needs an inline script or style, or anything from elsewhere', () => {
  for (const [name, text] of built) {
    if (name.endsWith('.html')) {
      assert.doesNotMatch(
        text,
        /<style|<[a-z][^>]*\s(style|on\w+)=|<script(?![^>]*src="files\/)/,
        name,
      )
      for (const [, src] of text.matchAll(/\bsrc="([^"]*)"/g)) assert.match(src!, /^files\//, name)
    }
    assert.doesNotMatch(name.endsWith('.css') ? text : '', /url\(|@import/, name)
  }
})
